import { parseArgs } from 'node:util';
import { createSource } from '../sources/registry.ts';
import { credentialStore } from '../store/credentials.ts';
import { Database } from '../store/database.ts';
import { uidAllocator } from '../store/file-uids.ts';
import { exitCodes, MailmillError } from '../telemetry/errors.ts';
import type { Command, CommandIo } from './command.ts';
import { type Target, targetOptions, visitTargets } from './targets.ts';
import { type Fate, isSettled } from './trace/fate.ts';
import { look, type Question } from './trace/look.ts';
import { nowhere, traceJson, traceLines } from './trace/show.ts';

const usage = `usage: mailmill trace WHAT [--pipeline P] DIR [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill trace WHAT --revision FILE [--json]

Says where a message is: never seen, in a folder that is not read, excluded by since, waiting, filtered by which step, dead with which error, or
delivered to which sink as which row, when and by which revision. Delivers and changes nothing; shows ids, folders and dates, nothing of the mail.

  --message-id ID     WHAT: its Message-ID header; looked for in every folder of the mailbox, also in those that are not read, and in all that is
                      recorded of mail that is gone
  --id UUID           WHAT: its id in the store and in the tables (_mailmill_id); needs no login
  --uid FOLDER/UID    WHAT: its place in the mailbox
  --pipeline P        one pipeline of the directory
  DIR                 resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --revision FILE     one pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --json              one JSON line a message

Ends with 0 when every message found is delivered, dropped or excluded, in whichever pipeline; with 1 when none was found, or one waits, is dead or
missing.

example: mailmill trace --message-id 'CAF2x@mail.example.com' mine`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Asked {
  readonly 'message-id'?: string | undefined;
  readonly id?: string | undefined;
  readonly uid?: string | undefined;
}

/** What is asked, or a sentence on what is wrong with it. */
export function questionOf(values: Asked): Question | string {
  const { 'message-id': messageId, id, uid: place } = values;
  if ([messageId, id, place].filter((value) => value !== undefined).length !== 1)
    return 'say which message, by one of --message-id, --id and --uid';
  if (id !== undefined)
    return uuid.test(id) ? { by: 'id', id: id.toLowerCase() } : '--id is no UUID; a Message-ID goes with --message-id';
  if (place !== undefined) {
    const [, folder, uid] = /^(.+)\/([1-9]\d{0,9})$/.exec(place) ?? [];
    return folder === undefined
      ? '--uid is no folder with a UID; write it as INBOX/17'
      : { by: 'uid', folder, uid: Number(uid) };
  }
  const bare = messageId?.trim().replace(/^<(.*)>$/, '$1') ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the command that is sent
  return bare === '' || bare.length > 998 || /[\x00-\x1f\x7f]/.test(bare)
    ? '--message-id is empty, has more than 998 characters, or a control character'
    : { by: 'message-id', messageId: bare };
}

function wrongPlace(directory: string | undefined, revision: string | undefined, more: readonly string[]) {
  if (directory === undefined && revision === undefined) return 'DIR is missing: the resources, as for `mailmill run`';
  if (directory !== undefined && revision !== undefined) return 'either DIR or --revision FILE, not both';
  return more.length > 0 ? `one directory at a time, not also ${more.join(' ')}` : undefined;
}

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
  const wrong = typeof question === 'string' ? question : wrongPlace(directory, values.revision, more);
  if (typeof question === 'string' || wrong !== undefined) {
    io.stderr.write(`mailmill trace: ${wrong}\n\n${usage}\n`);
    return 2;
  }
  const fates: Fate[] = [];
  let asked = 0;
  let failed: number | undefined;
  const visit = async (target: Target) => {
    const { pipeline } = target.revision;
    if (values.pipeline !== undefined && values.pipeline !== pipeline) return;
    asked += 1;
    try {
      fates.push(...(await trace(target, question, values.json === true, io)));
    } catch (thrown) {
      if (!(thrown instanceof MailmillError) || io.signal.aborted) throw thrown;
      failed ??= exitCodes[thrown.family];
      io.stderr.write(`mailmill trace: ${pipeline}: ${thrown.message} [${thrown.code}]\n`);
    }
  };
  return visitTargets('trace', directory, values, io, visit, () => {
    if (asked > 0) return failed ?? (fates.length > 0 && fates.every(isSettled) ? 0 : 1);
    io.stderr.write(`mailmill trace: there is no pipeline ${values.pipeline} here\n`);
    return 2;
  });
}

/** Tells what became of the message in one pipeline, and returns what it is; nothing, when it was not found. */
async function trace(target: Target, question: Question, json: boolean, io: CommandIo): Promise<readonly Fate[]> {
  const { revision, secret, maildirPath } = target;
  const { namespace } = revision;
  const database = new Database({ uri: target.storeUri, max: 1, applicationName: 'mailmill-trace' });
  try {
    const fates: Fate[] = [];
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
      const { reports, denied, unhashed } = await look({ database, revision, source, secret }, question, io.signal);
      for (const sentence of denied) io.stderr.write(`${revision.pipeline}: ${sentence}\n`);
      for (const report of reports)
        io.stdout.write(json ? `${JSON.stringify(traceJson(revision, report))}\n` : traceLines(revision, report));
      if (reports.length === 0) {
        const never = {
          pipeline: revision.pipeline,
          source: spec.name,
          state: 'NeverSeen',
          because: nowhere(question.by, revision, unhashed),
          unhashed,
        };
        io.stdout.write(
          json ? `${JSON.stringify(never)}\n` : `${never.pipeline} ${never.source}: never seen: ${never.because}\n`,
        );
      }
      fates.push(...reports.map(({ fate }) => fate));
    }
    return fates;
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
