import type { RunDiff } from '../../api/worker-status.ts';
import type { Change, Rehearsal, Row } from '../../sinks/sink.ts';
import { messageIds } from '../../store/run-targets.ts';
import { judge, type Verdict } from '../processed.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { DeliveredBefore } from './delivered-before.ts';
import type { ReadPart } from './read-uids.ts';
import type { OpenFolder, RunAccount, RunScope } from './scope.ts';
import type { Taker } from './work.ts';

/** Documents that the result names. */
const keptKeys = 10;
const keptColumns = 8;

/** Finds out what a run would change, and writes nothing. */
export class DryRun {
  readonly #scope: RunScope;
  readonly #onChange: (change: object) => void;
  readonly #counts = { added: 0, changed: 0, unchanged: 0, removed: 0 };
  readonly #keys: { readonly id: string; readonly columns: readonly string[] }[] = [];
  /** For sinks that nobody can look into. */
  readonly #before: DeliveredBefore;
  readonly #queues: readonly string[];
  #read = 0;
  #delivered = 0;
  #dropped = 0;
  #dead = 0;
  #missing = 0;

  constructor(scope: RunScope, environment: RunnerEnvironment, onChange: (change: object) => void) {
    this.#scope = scope;
    this.#before = new DeliveredBefore(scope.context, environment);
    this.#queues = scope.context.revision.sinks.flatMap(({ name, webhook }) => (webhook ? [name] : []));
    this.#onChange = onChange;
  }

  taker(account: RunAccount): Taker {
    return {
      planned: async () => undefined,
      take: (folder, part, missing) => this.#take(account, folder, part, missing),
      remove: (ids) => this.#rehearse([], ids),
    };
  }

  found() {
    const diff: RunDiff = { ...this.#counts, keys: this.#keys };
    const [read, delivered, dropped, dead] = [this.#read, this.#delivered, this.#dropped, this.#dead];
    return { diff, read, delivered, dropped, dead, missing: this.#missing };
  }

  async #take(account: RunAccount, folder: OpenFolder, { messages }: ReadPart, missing: number): Promise<void> {
    const { context } = this.#scope;
    const uids = messages.map(({ uid }) => uid);
    const ids = await messageIds(context.database, folder.epochId, uids);
    const origin = { source: account.source.name, account: account.account, folder: folder.name };
    const rows: Row[] = [];
    const dropped: string[] = [];
    const verdicts = new Map<string, Verdict>();
    this.#missing += missing;
    this.#read += messages.length;
    for (const read of messages) {
      // What was not recorded yet would get an id then; until then any that nobody has will do.
      const id = ids.get(read.uid) ?? unrecorded(folder.epochId, read.uid);
      const verdict = judge(read, id, origin, { steps: context.steps, edition: 1 });
      verdicts.set(id, verdict);
      if (verdict.state === 'Processed') rows.push(verdict);
      else if (verdict.state === 'Dropped') {
        this.#dropped += 1;
        dropped.push(id);
      } else {
        this.#dead += 1;
        this.#onChange({ id, change: 'Dead', code: verdict.death.code, step: verdict.death.step });
      }
    }
    await this.#rehearse(rows, dropped);
    if (this.#queues.length === 0) return;
    const known = messages.map((read) => ({ read, id: ids.get(read.uid) ?? unrecorded(folder.epochId, read.uid) }));
    for (const change of await this.#before.changes(known, verdicts, origin))
      for (const sink of this.#queues) this.#count(sink, change);
  }

  async #rehearse(rows: readonly Row[], removed: readonly string[]): Promise<void> {
    const { context } = this.#scope;
    const refused = new Set<string>();
    for (const sink of context.sinks) {
      const rehearsal = await context.health.during(sink.name, () => sink.rehearse(rows, removed, context.hardStop));
      this.#tell(sink.name, rehearsal);
      for (const { documentId } of rehearsal.refused) refused.add(documentId);
    }
    this.#dead += refused.size;
    this.#delivered += rows.length - refused.size;
  }

  #tell(sink: string, { changes, refused }: Rehearsal): void {
    for (const change of changes) this.#count(sink, change);
    for (const { documentId: id, code } of refused) this.#onChange({ sink, id, change: 'Dead', code });
  }

  #count(sink: string, { documentId: id, kind, columns, before, after }: Change): void {
    const counts = { Added: 'added', Changed: 'changed', Unchanged: 'unchanged', Removed: 'removed' } as const;
    this.#counts[counts[kind]] += 1;
    if (kind === 'Unchanged') return;
    if (kind === 'Changed' && this.#keys.length < keptKeys)
      this.#keys.push({ id, columns: columns.slice(0, keptColumns) });
    this.#onChange({ sink, id, change: kind, columns, before, after });
  }
}

/** An id that no message has: its version and variant are those of none. */
const unrecorded = (epochId: bigint, uid: number) =>
  `00000000-0000-0000-${(epochId & 0xffffn).toString(16).padStart(4, '0')}-${uid.toString(16).padStart(12, '0')}`;
