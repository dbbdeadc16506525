import type pg from 'pg';
import type { FieldType } from '../../message/fields.ts';
import { openSink, type Sink } from '../../sinks/registry.ts';
import type { EncodedRow, Progress, ProgressKey, Rehearsal, Row, WriteContext, WriteResult } from '../../sinks/sink.ts';
import type { Database } from '../../store/database.ts';
import type { DeadWorker, Ended } from '../../store/dead-sessions.ts';
import type { DirectSink } from '../context.ts';
import type { Death } from '../processed.ts';
import type { RevisionDirectSink, RevisionSink } from '../revision/revision.ts';

export interface DirectSinkOptions {
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly store: Database;
  readonly context: WriteContext;
  /** What its sessions are called in the sink's database. */
  readonly session: string;
}

const deaths = (result: WriteResult): Map<string, Death> =>
  new Map(result.refused.map(({ documentId, code, message }) => [documentId, { code, detail: message }]));

/** A sink as the committer uses it: in the store's transaction where both are one database, else in its own. */
class PipelineSink implements DirectSink {
  readonly name: string;
  readonly #spec: RevisionDirectSink;
  readonly #types: ReadonlyMap<string, FieldType>;
  readonly #options: DirectSinkOptions;
  #sink: Sink | undefined;
  #shared = false;

  constructor(spec: RevisionDirectSink, types: ReadonlyMap<string, FieldType>, options: DirectSinkOptions) {
    this.name = spec.name;
    this.#spec = spec;
    this.#types = types;
    this.#options = options;
  }

  get shared(): boolean {
    return this.#shared;
  }

  get #open(): Sink {
    if (!this.#sink) throw new Error(`sink ${this.name} was not checked before its use`);
    return this.#sink;
  }

  #uri(): Promise<string> {
    const { secretRef } = this.#spec.postgres;
    return this.#options.secret(secretRef.name, secretRef.key ?? 'uri');
  }

  async check(signal: AbortSignal): Promise<void> {
    const uri = await this.#uri();
    await this.close();
    const own = openSink(this.#spec, this.#types, { uri, session: this.#options.session, connections: 1 });
    this.#sink = own;
    await own.check(signal);
    this.#shared = await own.sharesDatabaseWith(this.#options.store.pool, signal);
    if (!this.#shared) return;
    await own.close();
    this.#sink = openSink(this.#spec, this.#types, { uri, pool: this.#options.store.pool });
  }

  async progress(keys: readonly ProgressKey[], signal: AbortSignal): Promise<readonly (Progress | undefined)[]> {
    return this.#open.progress(keys, signal);
  }

  async fence(progress: readonly Progress[], signal: AbortSignal): Promise<void> {
    if (progress.length > 0) await this.#open.commit([], progress, this.#options.context, signal);
  }

  encodes(edition: number): boolean {
    return this.#open.encodes(edition);
  }

  encode(row: Row): EncodedRow {
    return this.#open.encode(row, this.#options.context);
  }

  async commit(rows: readonly Row[], progress: readonly Progress[], signal: AbortSignal): Promise<Map<string, Death>> {
    return deaths(await this.#open.commit(rows, progress, this.#options.context, signal));
  }

  async writeShared(
    client: pg.ClientBase,
    rows: readonly Row[],
    progress: readonly Progress[],
  ): Promise<Map<string, Death>> {
    await this.#open.writeProgress(client, progress);
    return deaths(await this.#open.write(client, rows, this.#options.context));
  }

  async remove(ids: readonly string[], edition: number, signal: AbortSignal, client?: pg.ClientBase): Promise<number> {
    return this.#open.remove(ids, edition, signal, client);
  }

  /** Works without `check` too, which would make a table that is not there. */
  async rehearse(rows: readonly Row[], removed: readonly string[], signal: AbortSignal): Promise<Rehearsal> {
    const { session } = this.#options;
    this.#sink ??= openSink(this.#spec, this.#types, { uri: await this.#uri(), session, connections: 1 });
    return this.#sink.rehearse(rows, removed, this.#options.context, signal);
  }

  async endSessions(workers: readonly DeadWorker[], signal: AbortSignal): Promise<Ended> {
    return this.#shared ? 0 : this.#open.endSessions(workers, signal);
  }

  async close(): Promise<void> {
    const open = this.#sink;
    this.#sink = undefined;
    await open?.close();
  }
}

/** Those of a revision's sinks that are not fed from the outbox. */
export const directOnes = (specs: readonly RevisionSink[]): readonly RevisionDirectSink[] =>
  specs.flatMap((spec) => (spec.postgres ? [spec] : []));

/** The direct sinks of a revision; nothing is connected before `check`. */
export const directSinks = (
  specs: readonly RevisionDirectSink[],
  types: ReadonlyMap<string, FieldType>,
  options: DirectSinkOptions,
): readonly DirectSink[] => specs.map((spec) => new PipelineSink(spec, types, options));
