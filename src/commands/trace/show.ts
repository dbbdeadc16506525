import { deliveryId } from '../../pipeline/outbox/delivery-policy.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import type { TracedDelivery } from '../../store/trace.ts';
import type { Unhashed } from '../../store/trace-hash.ts';
import type { Question, TraceReport } from './look.ts';

/** Table of a sink's rows; undefined when the revision has no such sink any more. */
function tableOf(revision: Revision, sink: string): string | undefined {
  const postgres = revision.sinks.find(({ name }) => name === sink)?.postgres;
  return postgres && `${postgres.schema ?? 'public'}.${postgres.table}`;
}

/** The key that the receiver got; undefined: not a sink with a queue. */
function keyOf({ namespace, pipeline, sinks }: Revision, { sink, documentId, edition }: TracedDelivery) {
  const webhook = sinks.find(({ name }) => name === sink)?.webhook;
  return webhook && deliveryId({ namespace, pipeline, sink }, documentId, edition);
}

/** Where a document went, or goes. */
function goes(revision: Revision, delivery: TracedDelivery): string {
  const { status, documentId, queued } = delivery;
  const key = keyOf(revision, delivery);
  if (key !== undefined) {
    const tries = queued && queued.attempts > 0 ? `, ${queued.attempts} tries` : '';
    const next = queued?.nextAt && queued.attempts > 0 ? `, next ${queued.nextAt.toISOString()}` : '';
    return `: webhook-id ${key}${tries}${next}`;
  }
  if (status !== 'Acknowledged') return '';
  return `: _mailmill_id ${documentId} in ${tableOf(revision, delivery.sink) ?? 'a sink that this revision has not'}`;
}

/** The report as one JSON value. Holds ids, folders, UIDs and dates: nothing of the mail, and no address. */
export function traceJson(revision: Revision, { source, id, fate, found, sightings, byHash }: TraceReport): object {
  const { state, because, record, deliveries = [] } = fate;
  return {
    pipeline: revision.pipeline,
    source,
    id,
    state,
    because,
    byHash,
    mailbox: found?.map(({ folder, uid, uidvalidity, selected, receivedAt }) => ({
      ...{ folder, uid, uidvalidity: String(uidvalidity), selected, receivedAt },
    })),
    seen: sightings.map(({ folder, uid, uidvalidity, retired, receivedAt, read }) => ({
      ...{ folder, uid, uidvalidity: String(uidvalidity), retired, receivedAt, read },
    })),
    record: record && {
      ...record,
      uidvalidity: record.uidvalidity === undefined ? undefined : String(record.uidvalidity),
    },
    deliveries: deliveries.map((delivery) => {
      const { documentId, ...rest } = delivery;
      const key = keyOf(revision, delivery);
      return { ...rest, ...(key ? { key } : { table: tableOf(revision, delivery.sink) }), row: documentId };
    }),
  };
}

const words: Readonly<Record<TraceReport['fate']['state'], string>> = {
  NeverSeen: 'was never seen',
  FolderExcluded: 'is in a folder that is not read',
  BeforeSince: 'is excluded by since',
  Waiting: 'waits',
  Dropped: 'was dropped',
  Dead: 'is dead',
  Resolved: 'was dead, and that is resolved',
  Delivered: 'was delivered',
  Forgotten: 'was handled long ago',
  Missing: 'is missing',
};

/** Why nothing was found, as a sentence. `unhashed`: records of the pipeline that may be of the message. */
export function nowhere(by: Question['by'], { retention }: Revision, unhashed: Unhashed | undefined): string {
  if (by === 'id') return 'the store has no message of this id from this source';
  if (by === 'uid') return 'the mailbox has nothing there, and nothing was ever recorded there';
  const nobody = `no folder of the mailbox, no table of a sink and no dead letter has this Message-ID`;
  if (!unhashed) return `${nobody}, and the pipeline has read no mail with it within its retention (${retention})`;
  const { count, until } = unhashed;
  return `${nobody}. The pipeline's records of ${retention} do not have it either, but ${count} of them, the last of ${until.toISOString()}, do not know theirs: a version before this one made them, or the header could not be read. Trace what they are about by --uid or --id`;
}

/** The report as lines. */
export function traceLines(revision: Revision, report: TraceReport): string {
  const { id, fate, found, sightings } = report;
  const lines = [
    `${revision.pipeline} ${report.source}: ${id ?? 'a message without an id yet'} ${words[fate.state]}: ${fate.because}`,
  ];
  const line = (what: string, text: string) => lines.push(`  ${what.padEnd(10)}${text}`);
  for (const { folder, uid, uidvalidity, receivedAt } of found ?? [])
    line('mailbox', `${folder} UID ${uid ?? '-'} (UIDVALIDITY ${uidvalidity}), received ${receivedAt.toISOString()}`);
  if (found?.length === 0) line('mailbox', 'it is not there any more');
  const isFound = (folder: string, uid: number, uidvalidity: bigint) =>
    found?.some((each) => each.folder === folder && each.uid === uid && each.uidvalidity === uidvalidity);
  for (const { folder, uid, uidvalidity, retired } of sightings)
    if (!isFound(folder, uid, uidvalidity))
      line('seen at', `${folder} UID ${uid} (UIDVALIDITY ${uidvalidity}${retired ? ', retired' : ''})`);
  if (report.byHash) line('found by', 'the hash of its Message-ID (64 bits), which is all that is left of it');
  const { record, deliveries = [] } = fate;
  if (record) {
    const { folder, uid, revision: by, edition, recordedAt } = record;
    line(
      'recorded',
      `${recordedAt.toISOString()} at ${folder ?? '-'} UID ${uid} by revision ${by}, edition ${edition}`,
    );
  }
  for (const delivery of deliveries) {
    const { sink, status, code, recordedAt } = delivery;
    const why = code === undefined ? '' : ` (${code})`;
    line('sink', `${sink} ${status}${why} ${recordedAt.toISOString()}${goes(revision, delivery)}`);
  }
  return `${lines.join('\n')}\n`;
}
