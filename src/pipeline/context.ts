import type pg from 'pg';
import type { Field } from '../message/fields.ts';
import type { EncodedRow, Progress, ProgressKey, Rehearsal, Row } from '../sinks/sink.ts';
import type { CompiledStep } from '../steps/step.ts';
import type { Database } from '../store/database.ts';
import type { DeadWorker, Ended } from '../store/dead-sessions.ts';
import type { Logger } from '../telemetry/log.ts';
import type { WorkerMetrics } from '../telemetry/metrics.ts';
import type { Phases } from '../telemetry/phases.ts';
import type { Keeper } from './archive/keeper.ts';
import type { ChangeKind } from './commits/changes.ts';
import type { DeadRate } from './dead-rate.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Death } from './processed.ts';
import type { Revision } from './revision/revision.ts';
import type { ByteBudget } from './worker/byte-budget.ts';
import type { PipelineHealth } from './worker/health.ts';

/** A sink that commits before, or with, the store. */
export interface DirectSink {
  readonly name: string;
  /** Its tables are in the store's database under the store's user: one transaction does both. */
  readonly shared: boolean;
  /** Makes or checks its table. Throws what is wrong with it. */
  check(signal: AbortSignal): Promise<void>;
  progress(keys: readonly ProgressKey[], signal: AbortSignal): Promise<readonly (Progress | undefined)[]>;
  /** Writes progress rows without documents; fenced by token. */
  fence(progress: readonly Progress[], signal: AbortSignal): Promise<void>;
  /** Whether rows of an edition are better encoded while their documents are at hand. */
  encodes(edition: number): boolean;
  encode(row: Row): EncodedRow;
  /** Commits rows in the sink's own database. Returns the documents it refuses, with the reason. */
  commit(rows: readonly Row[], progress: readonly Progress[], signal: AbortSignal): Promise<Map<string, Death>>;
  /** The same within a transaction of the store. */
  writeShared(client: pg.ClientBase, rows: readonly Row[], progress: readonly Progress[]): Promise<Map<string, Death>>;
  /** Takes documents out that have no newer edition than this; in the caller's transaction when the sink is shared. Returns how many there were. */
  remove(ids: readonly string[], edition: number, signal: AbortSignal, client?: pg.ClientBase): Promise<number>;
  /** What writing these, and taking those out, would change; found out in a transaction that is rolled back. */
  rehearse(rows: readonly Row[], removed: readonly string[], signal: AbortSignal): Promise<Rehearsal>;
  /** Ends what these workers have left open in the sink, and with it their locks; nothing when it is shared: the store did. */
  endSessions(workers: readonly DeadWorker[], signal: AbortSignal): Promise<Ended>;
  close(): Promise<void>;
}

/** A sink for what happens later to messages, and what of it. */
export interface ChangeSink {
  readonly sink: DirectSink;
  readonly kinds: ReadonlySet<ChangeKind>;
}

/** What everything that works for one pipeline shares. */
export interface PipelineContext {
  readonly revision: Revision;
  readonly pipelineId: bigint;
  readonly database: Database;
  readonly workerId: string;
  readonly steps: readonly CompiledStep[];
  /** Fields of the message that steps or sinks use; nothing else is computed. */
  readonly fields: readonly Field[];
  readonly sinks: readonly DirectSink[];
  /** Tables of what happens later to messages; absent: nobody asks. */
  readonly changes?: readonly ChangeSink[];
  /** Absent: no sink has a queue. */
  readonly outbox?: Outbox;
  /** Of a collector: messages go to an archive, and there are no sinks. */
  readonly keeper?: Keeper;
  readonly budget: ByteBudget;
  readonly deadRate: DeadRate;
  /** A person accepted the dead letters of this revision. */
  deadAccepted: boolean;
  readonly health: PipelineHealth;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly phases: Phases;
  readonly clock: () => Date;
  /** Ends everything at once; the orderly end is a signal of its own. */
  readonly hardStop: AbortSignal;
  readonly counters: { read: number; delivered: number; dropped: number; dead: number };
  lastCommitAt: Date | undefined;
  /** When the log last told of dead letters, by code, and how many there were since; made with the first one. */
  deadTold?: Map<string, { readonly at: number; readonly since: number }>;
  /** Of what is written for mail that is read for the first time: 1, or that of the full load that this process is at. */
  edition: number;
}
