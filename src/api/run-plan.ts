import type { RunWork } from './email-pipeline-run.ts';

/** What a run does; times are RFC 3339 in UTC. */
export type RunPlan = { readonly dryRun: boolean } & (
  | { readonly kind: 'Incremental' }
  | { readonly kind: 'Full' }
  | {
      readonly kind: 'Replay';
      /** Recorded at or after. */
      readonly since?: string;
      /** Recorded before. */
      readonly until?: string;
      readonly only: 'All' | 'Dead';
      readonly ids?: readonly string[];
    }
  | {
      readonly kind: 'Backfill';
      /** Received at or after. */
      readonly since: string;
      /** Received before. */
      readonly until?: string;
    }
);

export const incremental: RunPlan = { kind: 'Incremental', dryRun: false };

/** Whether a worker that streams does this beside its other work; everything else is a Job of its own. */
export const isIncremental = (plan: RunPlan): boolean => plan.kind === 'Incremental' && !plan.dryRun;

const instant = (text: string) => new Date(text.length === 10 ? `${text}T00:00:00Z` : text).toISOString();

/** The plan of a run's spec, which validation has accepted. */
export function planOf({ load, replay, backfill, dryRun = false }: RunWork): RunPlan {
  const times = (of: { readonly since?: string; readonly until?: string }) => ({
    ...(of.since !== undefined && { since: instant(of.since) }),
    ...(of.until !== undefined && { until: instant(of.until) }),
  });
  if (load !== undefined) return { kind: 'Full', dryRun };
  if (replay !== undefined)
    return {
      kind: 'Replay',
      dryRun,
      ...times(replay),
      only: replay.only ?? 'All',
      ...(replay.ids !== undefined && { ids: replay.ids }),
    };
  if (backfill !== undefined) return { kind: 'Backfill', dryRun, ...times(backfill), since: instant(backfill.since) };
  return { kind: 'Incremental', dryRun };
}

/** The part of a run's spec that a worker is told. */
export function workOf<T extends RunWork>({ load, replay, backfill, dryRun }: T): RunWork {
  return {
    ...(load !== undefined && { load }),
    ...(replay !== undefined && { replay }),
    ...(backfill !== undefined && { backfill }),
    ...(dryRun !== undefined && { dryRun }),
  };
}
