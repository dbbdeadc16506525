import type { Plain } from '../../src/commands/parse/plain.ts';
import type { SessionResult } from './session.ts';
import type { Fault } from './target.ts';

export interface WorkerData {
  readonly target: string;
  readonly seed: number;
  readonly first: number;
  readonly executions: number;
  readonly milliseconds: number;
  /** Number of the current execution, a count that grows with each input that is run, crashes, divergences, slow inputs. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

export type WorkerMessage =
  | {
      readonly type: 'finding';
      readonly fault: Fault;
      readonly index: number;
      readonly bytes: Uint8Array;
      readonly expected?: Plain;
    }
  | { readonly type: 'end'; readonly result: SessionResult };
