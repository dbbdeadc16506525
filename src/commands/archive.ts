import { parseArgs } from 'node:util';
import type { ArchivePlace } from '../api/kinds/archive.ts';
import type { Revision } from '../pipeline/revision/revision.ts';
import { archivedAs } from '../sources/archive/names.ts';
import { openArchive } from '../sources/archive/open.ts';
import { verifyArchive } from '../sources/archive/verify.ts';
import { messageIdAsRead } from '../sources/message-id.ts';
import { type HoldTarget, setHold } from '../store/archive-hold.ts';
import { Database } from '../store/database.ts';
import type { Command, CommandIo } from './command.ts';
import { type Target, targetOptions, visitTargets } from './targets.ts';

const usage = `usage: mailmill archive verify [--source NAME] DIR [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill archive hold (--message-id ID | --id UUID) [--source NAME] DIR [--store URI] [--state DIR] [--secrets DIR]
       mailmill archive release (--message-id ID | --id UUID) [--source NAME] DIR [--store URI] [--state DIR] [--secrets DIR]
       mailmill archive … --revision FILE

verify reads every segment of the sources' archives back and compares it with the hashes that the store has; it ends with 1 when a message cannot be
read as it was archived. hold keeps messages although retention would let them go, until they are released; it ends with 1 when no archive has them.

  DIR               resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --source NAME     this source alone
  --message-id ID   every message with this Message-ID
  --id UUID         the message with this id, as documents and \`mailmill trace\` show it
  --revision FILE   the revision of a pipeline that reads an archive, or of a collector (in its pod: /etc/mailmill/revision.json)`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Action = 'verify' | 'hold' | 'release';
const isAction = (text: string | undefined): text is Action => ['verify', 'hold', 'release'].includes(text ?? '');

interface Question {
  readonly action: Action;
  readonly source: string | undefined;
  readonly target: HoldTarget | undefined;
  readonly json: boolean;
}

/** The archives that a revision is about. */
const archivesOf = ({
  sources,
  keeps,
}: Revision): readonly { readonly source: string; readonly place: ArchivePlace }[] =>
  sources.flatMap(({ name, archived }) => {
    const place = keeps ?? archived;
    return place ? [{ source: name, place }] : [];
  });

async function verify(
  database: Database,
  { secret, revision }: Target,
  of: ReturnType<typeof archivesOf>[number],
  json: boolean,
  io: CommandIo,
) {
  const { source, place } = of;
  const archive = await openArchive({ spec: place, namespace: revision.namespace, source, database, secret });
  const { segments, messages, problems, unknown } = await verifyArchive(database, archive, io.signal);
  if (json) io.stdout.write(`${JSON.stringify({ source, segments, messages, problems, unknown })}\n`);
  else {
    for (const { segment, what, messages: count } of problems)
      io.stdout.write(`${source}: ${segment}: ${what} (${count} messages)\n`);
    for (const name of unknown) io.stdout.write(`${source}: ${name}: the store does not know it\n`);
    const verdict = problems.length === 0 ? 'every message is as it was archived' : `${problems.length} problems`;
    io.stdout.write(`${source}: ${segments} segments, ${messages} messages read back; ${verdict}\n`);
  }
  return problems.length === 0;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...targetOptions,
      source: { type: 'string' },
      'message-id': { type: 'string' },
      id: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [action, directory, ...more] = positionals;
  const target = holdTarget(values.id, values['message-id']);
  const asked = isAction(action) && (action === 'verify') === (target === undefined);
  if (!asked || more.length > 0 || (directory === undefined) === (values.revision === undefined)) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const question: Question = { action, source: values.source, target, json: values.json };
  const seen = new Set<string>();
  let good = action === 'verify';
  const visit = async (it: Target) => {
    for (const of of archivesOf(it.revision)) {
      if (seen.has(of.source) || (question.source !== undefined && question.source !== of.source)) continue;
      seen.add(of.source);
      const database = new Database({ uri: it.storeUri, max: 2, applicationName: 'mailmill-archive' });
      try {
        const fine = await answer(database, it, of, question, io);
        good = action === 'verify' ? good && fine : good || fine;
      } finally {
        await database.close();
      }
    }
  };
  return visitTargets('archive', directory, values, io, visit, () => {
    if (seen.size === 0) io.stderr.write('mailmill archive: none of these sources has an archive\n');
    return good && seen.size > 0 ? 0 : 1;
  });
}

/** Exactly one way to name messages; undefined: none, or both. */
function holdTarget(id: string | undefined, messageId: string | undefined): HoldTarget | undefined {
  if ((id === undefined) === (messageId === undefined)) return undefined;
  if (id !== undefined) return uuid.test(id) ? { by: 'id', id } : undefined;
  return { by: 'message-id', messageId: messageIdAsRead((messageId ?? '').replace(/^<(.*)>$/, '$1')) };
}

async function answer(
  database: Database,
  it: Target,
  of: ReturnType<typeof archivesOf>[number],
  question: Question,
  io: CommandIo,
) {
  const { action, target, json } = question;
  if (!target) return verify(database, it, of, json, io);
  const archive = { namespace: it.revision.namespace, storedAs: archivedAs(of.source) };
  const count = await setHold(database, archive, target, action === 'hold');
  const done = action === 'hold' ? 'on hold' : 'released';
  io.stdout.write(count === 0 ? `${of.source}: the archive has no such message\n` : `${of.source}: ${count} ${done}\n`);
  return count > 0;
}

export const command: Command = {
  name: 'archive',
  summary: 'verify the archives of sources; put messages on hold, or release them',
  usage,
  run,
};
