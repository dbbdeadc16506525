import { isDeepStrictEqual } from 'node:util';
import { type Document, onDemand } from '../../message/fields.ts';
import type { Change } from '../../sinks/sink.ts';
import { deliveredBy, rememberedRevision } from '../../store/revisions.ts';
import type { PipelineContext } from '../context.ts';
import type { Origin, ReadMessage, Verdict } from '../processed.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { type Maker, makerOf } from './maker.ts';

/** What sinks with a queue were sent: what the revision that delivered a message makes of the same bytes. */
export class DeliveredBefore {
  readonly #context: PipelineContext;
  readonly #environment: RunnerEnvironment;
  readonly #makers = new Map<string, Promise<Maker | undefined>>();

  constructor(context: PipelineContext, environment: RunnerEnvironment) {
    this.#context = context;
    this.#environment = environment;
  }

  /** What such a sink would be sent otherwise. A message whose revision nobody remembers counts as changed. */
  async changes(
    messages: readonly { readonly read: ReadMessage; readonly id: string }[],
    verdicts: ReadonlyMap<string, Verdict>,
    origin: Origin,
  ): Promise<readonly Change[]> {
    const { database, pipelineId, revision, hardStop } = this.#context;
    const ids = messages.map(({ id }) => id);
    const delivered = await deliveredBy(database, pipelineId, ids);
    const changes: Change[] = [];
    for (const { read, id } of messages) {
      const verdict = verdicts.get(id);
      const now = verdict?.state === 'Processed' ? verdict.document : undefined;
      const hash = delivered.get(id);
      if (hash === undefined) {
        if (now) changes.push({ documentId: id, kind: 'Added', columns: [], after: now });
        continue;
      }
      // It is sent to for good: what is not made any more is not taken back.
      if (!now || hash === revision.hash) {
        changes.push({ documentId: id, kind: 'Unchanged', columns: [] });
        continue;
      }
      const maker = await this.#maker(hash);
      const before = maker && (await maker.make(read, id, origin, hardStop));
      changes.push(difference(id, before?.state === 'Processed' ? before.document : undefined, now));
    }
    return changes;
  }

  #maker(hash: string): Promise<Maker | undefined> {
    const known = this.#makers.get(hash);
    if (known) return known;
    const { database, pipelineId } = this.#context;
    const made = rememberedRevision(database, pipelineId, hash).then((found) =>
      // Our own compiler wrote it.
      found === undefined ? undefined : makerOf(found as Revision, this.#environment),
    );
    this.#makers.set(hash, made);
    return made;
  }
}

function difference(documentId: string, before: Document | undefined, after: Document): Change {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].filter(
    (name) => !onDemand.has(name),
  );
  const columns = before ? names.filter((name) => !isDeepStrictEqual(before[name], after[name])) : [];
  const same = before !== undefined && columns.length === 0;
  return { documentId, kind: same ? 'Unchanged' : 'Changed', columns, ...(before && { before }), after };
}
