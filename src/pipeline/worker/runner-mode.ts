import type { RunPlan } from '../../api/run-plan.ts';
import type { FolderReport } from '../reconcile/compare.ts';
import type { PreflightOptions } from '../runs/preflight.ts';

/** How a runner ends. */
export type RunnerMode =
  | { readonly kind: 'stream' }
  | {
      readonly kind: 'once';
      readonly run: string;
      readonly specHash: string;
      /** Absent: reads what is new. */
      readonly plan?: RunPlan;
      /** Takes a change that a dry run found. */
      readonly onChange?: (change: object) => void;
    }
  | { readonly kind: 'check' }
  | { readonly kind: 'preflight'; readonly options: PreflightOptions }
  | {
      readonly kind: 'reconcile';
      /** Names it in the store. */
      readonly name: string;
      /** Takes each folder as it was found. */
      readonly onFolder?: (report: FolderReport) => void;
    };
