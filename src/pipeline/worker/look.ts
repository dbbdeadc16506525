import type { RunResult } from '../../api/worker-status.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunnerEnvironment } from './runner-environment.ts';
import type { RunnerMode } from './runner-mode.ts';

/** Modes that deliver nothing: their work is none of a pipeline's, and hardly any worker needs it. */
export type LookMode = Extract<RunnerMode, { readonly kind: 'preflight' | 'reconcile' }>;

/** Undefined: `stop` was aborted before it was done. */
export async function look(
  revision: Revision,
  mode: LookMode,
  environment: RunnerEnvironment,
  stop: AbortSignal,
): Promise<RunResult | undefined> {
  if (mode.kind === 'preflight') {
    const { preflight } = await import('../runs/preflight.ts');
    return preflight(revision, mode.options, environment, stop);
  }
  const { reconcile } = await import('../reconcile/reconcile.ts');
  return reconcile(revision, mode, environment, stop);
}
