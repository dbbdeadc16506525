import { hash } from 'node:crypto';
import { isOfAccount } from '../../pipeline/accounts/account-status.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import type { Source, SourceSession } from '../../sources/source.ts';
import type { Database } from '../../store/database.ts';
import { type PlaceKnowledge, placeKnowledge, type Sighting, traceMessage } from '../../store/trace.ts';
import { idsByBytes } from '../../store/trace-bytes.ts';
import type { Unhashed } from '../../store/trace-hash.ts';
import { MailmillError } from '../../telemetry/errors.ts';
import { type Fate, type Found, fateAt, fateInStore } from './fate.ts';
import { remembered } from './remembered.ts';

/** What is looked for. */
export type Question =
  | { readonly by: 'message-id'; readonly messageId: string }
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'uid'; readonly folder: string; readonly uid: number };

/** One message, for one pipeline. */
export interface TraceReport {
  readonly source: string;
  /** UUID, once the message has been read. */
  readonly id: string | undefined;
  readonly fate: Fate;
  /** Places where the mailbox has it now; undefined: the mailbox was not asked. */
  readonly found: readonly Found[] | undefined;
  /** Places where it was ever seen. */
  readonly sightings: readonly Sighting[];
  /** Nothing but the hash of its Message-ID says that it is the one. */
  readonly byHash?: true;
}

export interface LookResult {
  readonly reports: readonly TraceReport[];
  /** Folders and sinks that could not be searched, a sentence each. */
  readonly denied: readonly string[];
  /** Records of the pipeline that may be of the message, because they have no hash of their Message-ID. */
  readonly unhashed?: Unhashed | undefined;
}

/** What is looked into. */
export interface Lookup {
  readonly database: Database;
  readonly revision: Revision;
  readonly source: Source;
  readonly secret: (name: string, key: string) => Promise<string>;
}

/** Answers for one source of a revision. Only `id` does without a login. */
export async function look(
  { database, revision, source, secret }: Lookup,
  question: Question,
  signal: AbortSignal,
): Promise<LookResult> {
  const stored = source.storedAs ?? source.name;
  if (question.by === 'id') return { reports: await inStore(database, revision, stored, question.id), denied: [] };
  const reports: TraceReport[] = [];
  const denied: string[] = [];
  let unasked: MailmillError | undefined;
  let unhashed: Unhashed | undefined;
  const { namespace, pipeline } = revision;
  const fromStore = async (id: string, byHash?: true) => {
    if (reports.some((report) => report.id === id)) return;
    const found = await inStore(database, revision, stored, id, unasked ? undefined : []);
    reports.push(...found.map((report) => ({ ...report, byHash })));
  };
  for (const account of await source.accounts(signal)) {
    const place = { namespace, pipeline, source: stored, account };
    const findings = await inAccount(database, source, place, question, signal);
    if ('error' in findings) {
      unasked ??= findings.error;
      denied.push(`a mailbox cannot be asked: ${findings.error.message} [${findings.error.code}]`);
    } else {
      reports.push(...findings.reports);
      denied.push(...findings.denied);
      if (findings.reports.length > 0) continue;
    }
    // Gone from the mailbox, as far as is known: what the store remembers of this UID.
    if (question.by === 'uid')
      for (const { messageId } of await placeKnowledge(database, { ...place, ...question }))
        if (messageId !== undefined) await fromStore(messageId);
  }
  if (question.by === 'message-id') {
    const { ids, byHash, silent, ...rest } = await remembered(database, revision, secret, question.messageId, signal);
    unhashed = rest.unhashed;
    denied.push(...silent);
    for (const id of ids) await fromStore(id);
    for (const id of byHash) await fromStore(id, true);
  }
  if (unasked && reports.length === 0) throw unasked; // it may be there
  return { reports, denied, unhashed };
}

/** What one mailbox has; or why it cannot be asked. */
async function inAccount(
  database: Database,
  source: Source,
  place: Place,
  question: Exclude<Question, { readonly by: 'id' }>,
  signal: AbortSignal,
): Promise<LookResult | { readonly error: MailmillError }> {
  try {
    await using session = await source.open(place.account, signal);
    const { found, denied } =
      question.by === 'uid'
        ? { found: await atUid(session, question, signal), denied: [] }
        : await withMessageId(session, question.messageId, signal);
    const reports = await inMailbox(database, place, found, session, signal);
    return { reports, denied: denied.map((folder) => `the folder ${folder} cannot be searched`) };
  } catch (error) {
    if (error instanceof MailmillError && isOfAccount(error.code)) return { error };
    throw error;
  }
}

async function withMessageId(session: SourceSession, messageId: string, signal: AbortSignal) {
  const { messages, denied } = await session.find(messageId, signal);
  const found = messages.map(({ folder, selected, epoch, uid, receivedAt }) => ({
    ...{ folder, selected, receivedAt, uid },
    uidvalidity: epoch,
  }));
  return { found, denied };
}

async function atUid(
  session: SourceSession,
  { folder, uid }: { readonly folder: string; readonly uid: number },
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const selected = (await session.folders(signal)).some(({ name }) => name === folder);
  try {
    const { epoch } = await session.select(folder, signal);
    const listed = await session.list([uid], signal);
    return listed.map(({ receivedAt }) => ({ folder, selected, uidvalidity: epoch, uid, receivedAt }));
  } catch (error) {
    if (error instanceof MailmillError && error.code === 'FOLDER_GONE') return [];
    throw error;
  }
}

interface Place {
  readonly namespace: string;
  readonly pipeline: string;
  readonly source: string;
  readonly account: string;
}

/** A message of the mailbox, with what the store knows of the place where it is. */
interface Known {
  readonly found: Found;
  readonly knowledge: PlaceKnowledge | undefined;
}

/** One report for each message; what has no identity yet is a message of its own. */
async function inMailbox(
  database: Database,
  place: Place,
  found: readonly Found[],
  session: SourceSession,
  signal: AbortSignal,
): Promise<readonly TraceReport[]> {
  const reports: TraceReport[] = [];
  const byId = new Map<string, Found[]>();
  const report = async ({ found: each, knowledge }: Known, id: string | undefined) => {
    const others = id === undefined ? undefined : byId.get(id);
    if (others) {
      others.push(each);
      return;
    }
    const trace = id === undefined ? undefined : await traceMessage(database, place.namespace, place.pipeline, id);
    const places = [each];
    if (id !== undefined) byId.set(id, places);
    const fate = fateAt(each, knowledge, trace);
    reports.push({ source: place.source, id, fate, found: places, sightings: trace?.sightings ?? [] });
  };
  const strangers: Known[] = [];
  for (const each of found) {
    const { folder, uid, uidvalidity } = each;
    const [knowledge] = uid === undefined ? [] : await placeKnowledge(database, { ...place, folder, uid, uidvalidity });
    if (knowledge?.messageId === undefined) strangers.push({ found: each, knowledge });
    else await report({ found: each, knowledge }, knowledge.messageId);
  }
  for (const stranger of strangers)
    await report(stranger, await movedAs(database, place, stranger, byId, session, signal));
  return reports;
}

/** Id of a message that was moved, after it was read, to where nobody reads it: by its bytes, when no place has that id any more. */
async function movedAs(
  database: Database,
  place: Place,
  { found: { selected, folder, uid } }: Known,
  elsewhere: ReadonlyMap<string, unknown>,
  session: SourceSession,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (selected || uid === undefined) return undefined;
  await session.select(folder, signal);
  for await (const { raw, oversize } of session.fetch([uid], signal)) {
    if (oversize !== undefined) continue;
    const ids = await idsByBytes(database, place, hash('sha256', raw, 'hex'));
    return ids.find((id) => !elsewhere.has(id));
  }
  return undefined;
}

/** The report of a message that the store has an identity of; none when this source never had it. */
async function inStore(
  database: Database,
  { namespace, pipeline }: Revision,
  source: string,
  id: string,
  found?: readonly Found[],
): Promise<readonly TraceReport[]> {
  const trace = await traceMessage(database, namespace, pipeline, id);
  const sightings = trace.sightings.filter((sighting) => sighting.source === source);
  const [sighting] = sightings;
  if (!sighting) return [];
  const { account, folder, uid, uidvalidity } = sighting;
  const [knowledge] = await placeKnowledge(database, {
    ...{ namespace, pipeline, source, account, folder, uid, uidvalidity },
  });
  // Another pipeline may have read a folder that this one leaves out: then there is no cursor, and nothing waits.
  const selected = knowledge?.cursor !== undefined;
  return [{ source, id, fate: fateInStore(trace, sighting, selected, knowledge), found, sightings }];
}
