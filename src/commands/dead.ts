import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Database } from '../store/database.ts';
import { queuedBytes } from '../store/dead-deliveries.ts';
import {
  type DeadLetterDetails,
  deadBytes,
  deadLetters,
  deadLettersOf,
  resolveDeadLetters,
} from '../store/dead-letters.ts';
import { acceptStalls } from '../store/stalls.ts';
import type { Command, CommandIo } from './command.ts';
import { deliveriesOf, listDeliveries, resolveDeadDeliveries, retryDeliveries } from './dead/deliveries.ts';
import { namesStore, storeOptions, storeUsage, withStore } from './store-option.ts';

const usage = `usage: mailmill dead list [PIPELINE]
       mailmill dead show ID [--raw FILE]
       mailmill dead retry PIPELINE [--sink NAME] [--message ID]…
       mailmill dead resolve PIPELINE [--sink NAME] [--message ID]…
       mailmill dead accept PIPELINE         all with [--namespace NS] [--store URI | --state DIR]

Dead letters are messages that could not be parsed, transformed or loaded. Dead deliveries are documents that the receiver behind a queue
(webhook) does not take. Both are kept until somebody resolves them.

  list      shows both: when, the message's id, code, step or sink, what is wrong
  show      tells all of one; --raw FILE writes the message as it was received (a mode that only you can read; - is standard output)
  retry     queues dead deliveries again, all or those of --sink and --message
  resolve   marks them resolved, all or those of --message; they count no more, and their bytes are forgotten. With --sink, deliveries alone
  accept    lets a pipeline go on that stands still because too many messages in a row are dead (DEAD_RATE_EXCEEDED)

${storeUsage}`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is asked of the store; each returns the exit code. */
interface Asked {
  readonly database: Database;
  readonly namespace: string;
  readonly io: CommandIo;
}

async function list({ database, namespace, io }: Asked, pipeline: string | undefined): Promise<number> {
  const letters = await deadLetters(database, namespace, pipeline);
  for (const letter of letters)
    io.stdout.write(
      `${letter.recordedAt.toISOString()} ${letter.pipeline} ${letter.messageId} ${letter.code} ${letter.step ?? letter.sink ?? '-'}: ${letter.detail}\n`,
    );
  io.stderr.write(`${letters.length} dead letters\n`);
  await listDeliveries(database, { namespace, pipeline }, io);
  return 0;
}

async function accept({ database, namespace, io }: Asked, pipeline: string): Promise<number> {
  const count = await acceptStalls(database, namespace, pipeline);
  io.stdout.write(
    count === 0 ? `${pipeline} does not stand still\n` : `${pipeline} goes on; its dead letters stay recorded\n`,
  );
  return count === 0 ? 1 : 0;
}

interface Chosen {
  readonly sink: string | undefined;
  readonly ids: readonly string[] | undefined;
}

async function resolve({ database, namespace, io }: Asked, pipeline: string, { sink, ids }: Chosen): Promise<number> {
  const letters = sink === undefined ? await resolveDeadLetters(database, namespace, pipeline, ids) : [];
  const deliveries = await resolveDeadDeliveries(database, { namespace, pipeline, sink, documentIds: ids });
  const missing = ids?.filter((id) => !letters.includes(id) && !deliveries.includes(id)) ?? [];
  for (const id of missing) io.stderr.write(`${pipeline} has no unresolved dead letter of message ${id}\n`);
  if (sink === undefined) io.stdout.write(`${letters.length} dead letters of ${pipeline} are resolved\n`);
  if (sink !== undefined || deliveries.length > 0)
    io.stdout.write(`${deliveries.length} dead deliveries of ${pipeline} are resolved\n`);
  return missing.length === 0 ? 0 : 1;
}

const kept: Readonly<Record<DeadLetterDetails['keeps'], string>> = {
  raw: 'the message is kept: --raw FILE writes it',
  header: 'the message was too large to keep: --raw FILE writes its header',
  nothing: 'nothing of the message is kept any more',
};

function details(letter: DeadLetterDetails): string {
  const place = `${letter.source ?? '-'} ${letter.folder ?? '-'} UID ${letter.uid}`;
  const rows: readonly (readonly [string, string])[] = [
    ['message', letter.messageId],
    ['pipeline', `${letter.pipeline}, revision ${letter.revision}, edition ${letter.edition}`],
    ['recorded', letter.recordedAt.toISOString()],
    ['resolved', letter.resolvedAt?.toISOString() ?? 'no'],
    ['where', letter.sink ? `sink ${letter.sink}` : letter.step ? `step ${letter.step}` : 'reading'],
    ['error', `${letter.code}: ${letter.detail}`],
    ['seen at', place],
    ['size', `${letter.size} bytes; ${kept[letter.keeps]}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}${value}\n`).join('');
}

async function show({ database, namespace, io }: Asked, id: string, file: string | undefined): Promise<number> {
  const letters = await deadLettersOf(database, namespace, id);
  const deliveries = await deliveriesOf(database, namespace, id);
  if (letters.length === 0 && deliveries.length === 0) {
    io.stderr.write(`mailmill dead: namespace ${namespace} has no dead letter of message ${id}\n`);
    return 1;
  }
  // With `--raw -` standard output is the message's alone.
  (file === '-' ? io.stderr : io.stdout).write([...letters.map(details), ...deliveries].join('\n'));
  if (file === undefined) return 0;
  const found = (await deadBytes(database, namespace, id)) ?? (await queuedBytes(database, namespace, id));
  if (!found) {
    io.stderr.write('mailmill dead: nothing of the message is kept any more\n');
    return 1;
  }
  if (file === '-') io.stdout.write(found.bytes);
  else await writeFile(file, found.bytes, { mode: 0o600 });
  if (found.headerOnly) io.stderr.write('only the header was kept\n');
  return 0;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...storeOptions,
      message: { type: 'string', multiple: true },
      sink: { type: 'string' },
      raw: { type: 'string' },
    },
  });
  const [verb, name, ...more] = positionals;
  const choosing = verb === 'resolve' || verb === 'retry';
  const misplaced =
    ((values.message ?? values.sink) !== undefined && !choosing) || (values.raw !== undefined && verb !== 'show');
  const ids = values.message?.map((id) => id.toLowerCase());
  const badId = (verb === 'show' && !uuid.test(name ?? '')) || ids?.some((id) => !uuid.test(id));
  const action = (asked: Asked) => {
    if (verb === 'list') return list(asked, name);
    if (name === undefined) return undefined;
    if (verb === 'show') return show(asked, name.toLowerCase(), values.raw);
    const { sink } = values;
    if (verb === 'resolve') return resolve(asked, name, { sink, ids });
    if (verb === 'retry')
      return retryDeliveries(
        asked.database,
        { namespace: asked.namespace, pipeline: name, sink, documentIds: ids },
        io,
      );
    return verb === 'accept' ? accept(asked, name) : undefined;
  };
  if (!namesStore(values, io) || more.length > 0 || misplaced || badId) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  return withStore('dead', values, io, async (database) => {
    const code = await action({ database, namespace: values.namespace, io });
    if (code === undefined) io.stderr.write(`${usage}\n`);
    return code ?? 2;
  });
}

export const command: Command = {
  name: 'dead',
  summary: 'show, retry or resolve what is dead, or let a pipeline go on after much of it',
  usage,
  run,
};
