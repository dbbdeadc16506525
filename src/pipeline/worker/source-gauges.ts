import type { WorkerMetrics } from '../../telemetry/metrics.ts';
import type { AccountWorker } from '../accounts/account-worker.ts';
import { together } from '../folders/backfill-progress.ts';

/** How far behind accounts are: messages listed and not finished, and the age of the oldest. */
export interface Lag {
  readonly messages: number;
  readonly seconds: number;
}

export function lagOf(accounts: readonly AccountWorker[]): Lag {
  const lags = accounts.map((account) => account.lag());
  return {
    messages: lags.reduce((sum, lag) => sum + lag.messages, 0),
    seconds: lags.reduce((most, lag) => Math.max(most, lag.seconds), 0),
  };
}

/** Brings the gauges of one source of a pipeline up to date. */
export function measureSource(
  metrics: WorkerMetrics,
  labels: { readonly namespace: string; readonly pipeline: string; readonly source: string },
  accounts: readonly AccountWorker[],
): void {
  const lag = lagOf(accounts);
  metrics.leases.set(labels, accounts.filter((account) => account.holding).length);
  metrics.lagMessages.set(labels, lag.messages);
  metrics.lagSeconds.set(labels, lag.seconds);
  const backfill = together(accounts.flatMap((account) => account.backfill ?? []));
  metrics.backfillDone.set(labels, backfill?.done ?? 0);
  metrics.backfillTotal.set(labels, backfill?.total ?? 0);
  metrics.backfillSeconds.set(labels, backfill?.secondsLeft ?? 0);
  metrics.checkedAgo.set(
    labels,
    accounts.reduce((most, account) => Math.max(most, account.checkedAgo()), 0),
  );
}
