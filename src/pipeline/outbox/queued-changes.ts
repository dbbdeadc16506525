import type pg from 'pg';
import type { Lease } from '../../store/leases.ts';
import { enqueue, type QueuedDocument, type QueueOrigin } from '../../store/outbox.ts';
import { type ChangeKind, changeDocument, type NoticedChange } from '../commits/changes.ts';
import type { Revision } from '../revision/revision.ts';
import { documentJson, packed } from './outbox-payload.ts';

/** A change as sinks with a queue are sent it. */
export interface QueuedChange {
  readonly kind: ChangeKind;
  readonly document: QueuedDocument;
}

/**
 * What queues are sent of changes. A change has an id of its own, which is that of no message: so has its delivery, whose id is derived from it.
 */
export async function queuedChanges(
  { namespace, pipeline }: Pick<Revision, 'namespace' | 'pipeline'>,
  changes: readonly NoticedChange[],
  origin: QueueOrigin,
): Promise<readonly QueuedChange[]> {
  const queued: QueuedChange[] = [];
  for (const change of changes) {
    const { id, kind, at } = change;
    const facts = { id, edition: 1, namespace, pipeline, source: origin.source, timestamp: at };
    const text = documentJson(changeDocument(change, origin.account, origin.folder), {
      ...facts,
      type: 'mailmill.change',
    });
    const size = text.length;
    const json = await packed(text);
    queued.push({ kind, document: { documentId: id, edition: 1, receivedAt: at, size, json, raw: undefined } });
  }
  return queued;
}

/** Queues changes for the sinks of a revision that are told of their kind, within the transaction that records them. Returns what is to be sent. */
export async function enqueueChanges(
  client: pg.ClientBase,
  lease: Lease,
  origin: QueueOrigin,
  { sinks }: Pick<Revision, 'sinks'>,
  queued: readonly QueuedChange[],
): Promise<readonly QueuedDocument[]> {
  const sent: QueuedDocument[] = [];
  for (const kind of ['flags', 'expunge', 'move'] as const) {
    const json = sinks.flatMap(({ name, webhook }) => (webhook?.changes?.includes(kind) ? [name] : []));
    const documents = queued.flatMap((each) => (each.kind === kind ? [each.document] : []));
    if (json.length === 0 || documents.length === 0) continue;
    await enqueue(client, lease, origin, { json, raw: [] }, documents);
    sent.push(...documents);
  }
  return sent;
}
