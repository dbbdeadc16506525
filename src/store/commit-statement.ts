import type { CommitRecord, DeliveryRecord, Outcome } from './commit.ts';
import type { Lease } from './leases.ts';
import { occurrenceInsert } from './occurrences.ts';
import { Params } from './params.ts';
import { chunkUids } from './reading.ts';
import { UidSet } from './uid-set.ts';

/**
 * Everything that a commit writes beside dead letters, as one statement: one way to the database, and one plan. It gives one row: how many
 * occurrences were `frozen`, and whether the epoch is `retired`.
 */
export function commitStatement(
  lease: Lease,
  commit: CommitRecord,
): { readonly text: string; readonly values: readonly unknown[] } {
  const params = new Params();
  const pipeline = params.one(lease.pipelineId, 'bigint');
  const epoch = params.one(commit.epochId, 'bigint');
  const parts: string[] = [];
  if (commit.sighted.length > 0)
    parts.push(
      `${occurrenceInsert(params, commit.epochId, commit.sighted, commit.ids)} RETURNING 1`,
      readingUpsert(params, pipeline, epoch, commit),
    );
  const revision = commit.outcomes.length > 0 ? params.one(commit.revision, 'text') : '';
  for (const alike of groupsOf(commit.outcomes, sameOutcome))
    parts.push(messages(params, pipeline, epoch, revision, alike));
  for (const alike of groupsOf(commit.deliveries, sameDelivery)) parts.push(deliveries(params, pipeline, alike));
  if (commit.coverage.length > 0) parts.push(coverage(params, pipeline, epoch, lease, commit));
  parts.push(finish(params, pipeline, epoch, commit));
  const frozen = commit.sighted.length > 0 ? '(SELECT count(*) FROM part_0)' : '0';
  const text = `WITH ${parts.map((part, i) => `part_${i} AS (${part})`).join(',\n')}
SELECT ${frozen} AS frozen, retired FROM part_${parts.length - 1}`;
  return { text, values: params.values };
}

/** Moves the cursor, or that of a run; gives whether the epoch is retired. */
function finish(params: Params, pipeline: string, epoch: string, { finished, run }: CommitRecord): string {
  const uids = params.one(finished.toString(), 'int8multirange');
  if (run === undefined)
    return `UPDATE mailmill.cursor c SET finished = finished + ${uids}, version = version + 1 FROM mailmill.epoch e
  WHERE c.pipeline_id = ${pipeline} AND c.epoch_id = ${epoch} AND e.id = c.epoch_id RETURNING e.retired_at IS NOT NULL AS retired`;
  return `INSERT INTO mailmill.run_cursor AS c (pipeline_id, run, spec_hash, epoch_id, finished)
  VALUES (${pipeline}, ${params.one(run.name, 'text')}, ${params.one(run.specHash, 'text')}, ${epoch}, ${uids})
  ON CONFLICT (pipeline_id, run, spec_hash, epoch_id) DO UPDATE SET finished = c.finished + excluded.finished
  RETURNING (SELECT e.retired_at IS NOT NULL FROM mailmill.epoch e WHERE e.id = c.epoch_id) AS retired`;
}

/** Items that are alike, with what they have in common in the first; few groups, as most mail meets the same fate. */
function groupsOf<T>(items: readonly T[], alike: (a: T, b: T) => boolean): readonly (readonly [T, ...T[]])[] {
  const groups: [T, ...T[]][] = [];
  let group: [T, ...T[]] | undefined;
  for (const item of items) {
    if (!group || !alike(group[0], item)) group = groups.find(([first]) => alike(first, item));
    if (group) group.push(item);
    else {
      group = [item];
      groups.push(group);
    }
  }
  return groups;
}

const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.state === b.state && a.edition === b.edition && a.step === b.step && a.code === b.code;

const sameDelivery = (a: DeliveryRecord, b: DeliveryRecord): boolean =>
  a.sink === b.sink && a.status === b.status && a.edition === b.edition && a.code === b.code;

function readingUpsert(params: Params, pipeline: string, epoch: string, { sighted }: CommitRecord): string {
  const read = UidSet.fromUids(sighted.map((s) => s.uid));
  const chunks = new Map<number, UidSet>();
  for (const [first, last] of read.ranges)
    for (let from = first; from <= last; ) {
      const chunk = Math.floor(from / chunkUids);
      const to = Math.min(last, (chunk + 1) * chunkUids - 1);
      chunks.set(chunk, (chunks.get(chunk) ?? UidSet.empty).union(UidSet.of([from, to])));
      from = to + 1;
    }
  const rows = [...chunks].map(
    ([chunk, uids]) =>
      `(${pipeline}, ${epoch}, ${params.one(chunk, 'bigint')}, ${params.one(uids.toString(), 'int8multirange')})`,
  );
  return `INSERT INTO mailmill.reading AS r (pipeline_id, epoch_id, chunk, uids) VALUES ${rows.join(', ')}
  ON CONFLICT (pipeline_id, epoch_id, chunk) DO UPDATE SET uids = r.uids + excluded.uids`;
}

function messages(
  params: Params,
  pipeline: string,
  epoch: string,
  revision: string,
  alike: readonly [Outcome, ...Outcome[]],
): string {
  const [{ edition, state, step, code }] = alike;
  const hashes = params.array('bigint', alike, (to, { headerIdHash: hash }) =>
    hash === undefined ? to.null() : to.hex(hash),
  );
  return `INSERT INTO mailmill.message (pipeline_id, epoch_id, revision, edition, state, step, code, message_id, uid, header_id_hash)
  SELECT ${pipeline}, ${epoch}, ${revision}, ${params.one(edition, 'integer')}, ${params.one(state, 'mailmill.message_state')},
    ${params.one(step ?? null, 'text')}, ${params.one(code ?? null, 'text')},
    unnest(${params.array('uuid', alike, (to, o) => to.uuid(o.messageId))}), unnest(${params.array('bigint', alike, (to, o) => to.int64(o.uid))}),
    unnest(${hashes})`;
}

function deliveries(params: Params, pipeline: string, alike: readonly [DeliveryRecord, ...DeliveryRecord[]]): string {
  const [{ sink, edition, status, code }] = alike;
  return `INSERT INTO mailmill.delivery (pipeline_id, sink, edition, status, code, document_id)
  SELECT ${pipeline}, ${params.one(sink, 'text')}, ${params.one(edition, 'integer')}, ${params.one(status, 'mailmill.delivery_status')},
    ${params.one(code ?? null, 'text')}, unnest(${params.array('uuid', alike, (to, d) => to.uuid(d.documentId))})`;
}

function coverage(params: Params, pipeline: string, epoch: string, lease: Lease, commit: CommitRecord): string {
  const counts = ['listed', 'read', 'vanished', 'excluded', 'known', 'dropped', 'dead'] as const;
  const version = params.one(commit.version + 1n, 'bigint');
  const worker = params.one(lease.workerId, 'uuid');
  const token = params.one(lease.token, 'bigint');
  const uids = params.one(
    commit.coverage.map((c) => `[${c.uids[0]},${c.uids[1]}]`),
    'int8range[]',
  );
  const numbers = counts.map((name) => params.array('integer', commit.coverage, (to, c) => to.int32(c[name])));
  return `INSERT INTO mailmill.coverage (pipeline_id, epoch_id, version, worker_id, token, uids, ${counts.join(', ')})
  SELECT ${pipeline}, ${epoch}, ${version}, ${worker}, ${token}, ${[uids, ...numbers].map((array) => `unnest(${array})`).join(', ')}`;
}
