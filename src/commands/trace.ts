import { parseArgs } from 'node:util';
import { createSource } from '../sources/registry.ts';
import { credentialStore } from '../store/credentials.ts';
import { Database } from '../store/database.ts';
import { uidAllocator } from '../store/file-uids.ts';
import type { Command, CommandIo } from './command.ts';
import { type Target, targetOptions, visitTargets } from './targets.ts';
import { isSettled } from './trace/fate.ts';
import { look, type Question } from './trace/look.ts';
import { traceJson, traceLines } from './trace/show.ts';

const usage = `usage: mailmill trace WHAT [--pipeline P] DIR [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill trace WHAT --revision FILE [--json]

Says where a message is: never seen, in a folder that is not read, excluded by since, waiting, filtered by which step, dead with which error, or
delivered to which sink as which row, when and by which revision. Delivers and changes nothing; shows ids, folders and dates, nothing of the mail.

  --message-id ID     WHAT: its Message-ID header; looked for in every folder of the mailbox, also in those that are not read
  --id UUID           WHAT: its id in the store and in the tables (_mailmill_id); needs no login
  --uid FOLDER/UID    WHAT: its place in the mailbox
  --pipeline P        one pipeline of the directory
  DIR                 resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --revision FILE     one pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --json              one JSON line a message

Ends with 0 when every message found is delivered, dropped or excluded; with 1 when none was found, or one waits, is dead or missing.

example: mailmill trace --message-id 'CAF2x@mail.example.com' mine`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is asked; undefined when it is not exactly one thing, or cannot be read. */
export function questionOf(values: {
  readonly 'message-id'?: string | undefined;
  readonly id?: string | undefined;
  readonly uid?: string | undefined;
}): Question | undefined {
  const { 'message-id': messageId, id, uid: place } = values;
  if ([messageId, id, place].filter((value) => value !== undefined).length !== 1) return undefined;
  if (id !== undefined) return uuid.test(id) ? { by: 'id', id: id.toLowerCase() } : undefined;
  if (place !== undefined) {
    const [, folder, uid] = /^(.+)\/([1-9]\d{0,9})$/.exec(place) ?? [];
    return folder === undefined ? undefined : { by: 'uid', folder, uid: Number(uid) };
  }
  const bare = messageId?.trim().replace(/^<(.*)>$/, '$1') ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the command that is sent
  return bare === '' || bare.length > 998 || /[\x00-\x1f\x7f]/.test(bare)
    ? undefined
    : { by: 'message-id', messageId: bare };
}

const nowhere = (by: Question['by']): string =>
  by === 'message-id'
    ? "no folder of the mailbox has this Message-ID. Of deleted mail the store keeps no Message-ID: look for message_id in the sink's table, and trace its _mailmill_id with --id"
    : by === 'id'
      ? 'the store has no message of this id from this source'
      : 'the mailbox has nothing there, and nothing was ever recorded there';

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...targetOptions,
      'message-id': { type: 'string' },
      id: { type: 'string' },
      uid: { type: 'string' },
      pipeline: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [directory, ...more] = positionals;
  const question = questionOf(values);
  if (!question || (directory === undefined) === (values.revision === undefined) || more.length > 0) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  let settled = true;
  let asked = 0;
  const visit = async (target: Target) => {
    const { revision } = target;
    if (values.pipeline !== undefined && values.pipeline !== revision.pipeline) return;
    asked += 1;
    const found = await trace(target, question, values.json === true, io);
    if (!found) settled = false;
  };
  return visitTargets('trace', directory, values, io, visit, () => {
    if (asked > 0) return settled ? 0 : 1;
    io.stderr.write(`mailmill trace: there is no pipeline ${values.pipeline} here\n`);
    return 2;
  });
}

/** Tells what became of the message in one pipeline; false: not found, or something is left to do. */
async function trace(target: Target, question: Question, json: boolean, io: CommandIo): Promise<boolean> {
  const { revision, secret, maildirPath } = target;
  const { namespace } = revision;
  const database = new Database({ uri: target.storeUri, max: 1, applicationName: 'mailmill-trace' });
  try {
    let settled = true;
    for (const spec of revision.sources) {
      const source = await createSource(spec, {
        namespace,
        secret,
        credentials: credentialStore(database, revision.namespace),
        database,
        maildirPath,
        clock: () => Date.now(),
        uids: uidAllocator(database, namespace, { lookUpOnly: true }),
      });
      const { reports, denied } = await look(database, revision, source, question, io.signal);
      for (const folder of denied) io.stderr.write(`${revision.pipeline}: the folder ${folder} cannot be searched\n`);
      for (const report of reports)
        io.stdout.write(json ? `${JSON.stringify(traceJson(revision, report))}\n` : traceLines(revision, report));
      if (reports.length === 0) {
        const never = {
          pipeline: revision.pipeline,
          source: spec.name,
          state: 'NeverSeen',
          because: nowhere(question.by),
        };
        io.stdout.write(
          json ? `${JSON.stringify(never)}\n` : `${never.pipeline} ${never.source}: never seen: ${never.because}\n`,
        );
      }
      if (reports.length === 0 || !reports.every(({ fate }) => isSettled(fate))) settled = false;
    }
    return settled;
  } finally {
    await database.close();
  }
}

export const command: Command = {
  name: 'trace',
  summary: 'say where a message is',
  usage,
  run,
};
