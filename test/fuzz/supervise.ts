import { Worker } from 'node:worker_threads';
import { Random } from './random.ts';
import type { SessionResult } from './session.ts';
import type { Case, Fault, Target } from './target.ts';
import type { WorkerData, WorkerMessage } from './worker-messages.ts';

/** Wall time in which one input must be done, in milliseconds: beyond it hangs. */
const hang = 60_000;
/** Heap that one input may need beside what the process has anyway, in MiB. */
const heap = 768;

export interface SuperviseOptions {
  readonly seed: number;
  readonly milliseconds: number;
  readonly executions: number;
  readonly onFinding: (one: Case, fault: Fault, index: number) => void;
  /** Called every few seconds with the number of executions so far. */
  readonly onProgress: (executions: number) => void;
}

/** How one thread ended: with its result, or at an input that it did not survive. */
type End = { readonly result: SessionResult } | { readonly fault: Fault };

function runThread(
  data: WorkerData,
  onMessage: (message: WorkerMessage) => void,
  onProgress: () => void,
): Promise<End> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: heap },
    });
    let runs = -1;
    let since = Date.now();
    const finish = (end: End) => {
      clearInterval(timer);
      resolve(end);
    };
    const timer = setInterval(() => {
      onProgress();
      const now = Atomics.load(data.progress, 1);
      if (now !== runs) {
        runs = now;
        since = Date.now();
      } else if (Date.now() - since > hang) {
        finish({ fault: { kind: 'slow', signature: 'hang', detail: `no end within ${hang / 1_000} s` } });
        void worker.terminate();
      }
    }, 2_000);
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'end') finish({ result: message.result });
      else onMessage(message);
    });
    worker.on('error', (error) => {
      const detail = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
      finish({ fault: { kind: 'crash', signature: 'thread', detail } });
    });
  });
}

/**
 * Fuzzes a target in a thread of its own. An input that hangs, or that needs more memory than it may, ends the thread; it is
 * told as a finding, made again from its number, and the next input goes on in a new thread.
 */
export async function supervise(target: Target, options: SuperviseOptions): Promise<SessionResult> {
  const { seed, milliseconds, executions, onFinding, onProgress } = options;
  const end = Date.now() + milliseconds;
  const sum = { executions: 0, crashes: 0, divergences: 0, slow: 0 };
  for (let first = 0; first < executions && Date.now() < end; ) {
    const progress = new Int32Array(new SharedArrayBuffer(20));
    const data: WorkerData = {
      target: target.name,
      seed,
      first,
      executions: executions - first,
      milliseconds: end - Date.now(),
      progress,
    };
    const ended = await runThread(
      data,
      (message) => {
        if (message.type !== 'finding') return;
        const { bytes, expected, fault, index } = message;
        onFinding({ bytes: Buffer.from(bytes), ...(expected !== undefined && { expected }) }, fault, index);
      },
      () => onProgress(Atomics.load(progress, 0)),
    );
    // Told by the thread as it went on: it may not have come to its end.
    sum.crashes += Atomics.load(progress, 2);
    sum.divergences += Atomics.load(progress, 3);
    sum.slow += Atomics.load(progress, 4);
    if ('result' in ended) {
      sum.executions += ended.result.executions;
      break;
    }
    const index = Atomics.load(progress, 0);
    onFinding(target.generate(Random.seeded(seed, index)), ended.fault, index);
    if (ended.fault.kind === 'slow') sum.slow++;
    else sum.crashes++;
    sum.executions += index + 1 - first;
    first = index + 1;
  }
  return sum;
}
