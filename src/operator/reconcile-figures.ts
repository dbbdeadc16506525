import type { LastReconcile } from '../api/last-reconcile.ts';
import { overdueTime } from '../api/next-time.ts';
import type { CronJob } from '../kubernetes/objects.ts';
import { archiverName } from '../pipeline/archive/compile.ts';
import type { ReconcileFigures } from '../telemetry/reconcile-metrics.ts';
import type { Caches } from './caches.ts';
import { annotations, reconcileName } from './names.ts';

/** What the statuses of pipelines and sources say of their last reconcile, and when the next is overdue. */
export function reconcileFigures({
  pipelines,
  sources,
  cronJobs,
}: Pick<Caches, 'pipelines' | 'sources' | 'cronJobs'>): () => readonly ReconcileFigures[] {
  /** Times of CronJobs as the caches have them, and from when they were counted: few change between two scrapes. */
  const known = new WeakMap<CronJob, { readonly from: number; readonly at: Date | undefined }>();
  const overdueAt = (cronJob: CronJob | undefined, last: LastReconcile | undefined): Date | undefined => {
    if (cronJob?.spec === undefined || cronJob.spec.suspend === true) return undefined;
    const since = cronJob.metadata.annotations?.[annotations.scheduledSince] ?? cronJob.metadata.creationTimestamp;
    const from = Math.max(Date.parse(since ?? ''), Date.parse(last?.succeededAt ?? since ?? ''));
    if (Number.isNaN(from)) return undefined;
    const before = known.get(cronJob);
    if (before?.from === from) return before.at;
    const at = overdueTime(cronJob.spec.schedule, cronJob.spec.timeZone ?? 'Etc/UTC', new Date(from));
    known.set(cronJob, { from, at });
    return at;
  };
  const figures = (namespace: string, pipeline: string, last: LastReconcile | undefined): ReconcileFigures => {
    const cronJob = cronJobs.reflector.cache.get({ namespace, name: reconcileName(pipeline) });
    const at = overdueAt(cronJob, last);
    return {
      ...{ namespace, pipeline },
      ...(last && { counts: last }),
      ...(last?.succeededAt !== undefined && { succeededAt: new Date(last.succeededAt) }),
      ...(at && { overdueAt: at }),
    };
  };
  return () => [
    ...pipelines.reflector.cache
      .list()
      .filter(({ spec }) => spec.reconcile !== undefined)
      .map(({ metadata: { namespace = '', name }, status }) => figures(namespace, name, status?.lastReconcile)),
    ...sources.reflector.cache
      .list()
      .filter(({ spec }) => spec.reconcile !== undefined)
      .map(({ metadata: { namespace = '', name }, status }) =>
        figures(namespace, archiverName(name), status?.lastReconcile),
      ),
  ];
}
