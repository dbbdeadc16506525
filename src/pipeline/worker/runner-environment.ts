import type { FieldType } from '../../message/fields.ts';
import type { Source } from '../../sources/source.ts';
import type { Database } from '../../store/database.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { WorkerMetrics } from '../../telemetry/metrics.ts';
import type { Phases } from '../../telemetry/phases.ts';
import type { ConnectionBroker } from '../accounts/connection-broker.ts';
import type { Keeper } from '../archive/keeper.ts';
import type { DirectSink } from '../context.ts';
import type { Revision } from '../revision/revision.ts';
import type { ByteBudget } from './byte-budget.ts';

/** What a runner gets from its worker. */
export interface RunnerEnvironment {
  readonly database: Database;
  readonly workerId: string;
  readonly broker: ConnectionBroker;
  readonly budget: ByteBudget;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly phases: Phases;
  readonly clock: () => Date;
  /** The value of a key of a Secret. */
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly fresh: () => boolean;
  readonly hardStop: AbortSignal;
  readonly openSource: (revision: Revision, name: string) => Promise<Source>;
  readonly openSinks: (revision: Revision, types: ReadonlyMap<string, FieldType>) => readonly DirectSink[];
  /** Of a revision with `keeps`. */
  readonly openKeeper: (revision: Revision) => Promise<Keeper | undefined>;
  readonly onFetch: () => void;
}
