// One thread of fuzzing; `supervise.ts` starts it and looks whether it goes on.
import { parentPort, workerData } from 'node:worker_threads';
import { session } from './session.ts';
import { targetNamed } from './targets/registry.ts';
import type { WorkerData, WorkerMessage } from './worker-messages.ts';

const { target, seed, first, executions, milliseconds, progress }: WorkerData = workerData;
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);

const result = await session(targetNamed(target), {
  seed,
  first,
  executions,
  milliseconds,
  onExecution: (index) => {
    Atomics.store(progress, 0, index);
    Atomics.add(progress, 1, 1);
  },
  onFault: (kind) => Atomics.add(progress, { crash: 2, divergence: 3, slow: 4 }[kind], 1),
  onMinimising: () => Atomics.add(progress, 1, 1),
  onFinding: (one, fault, index) =>
    tell({
      type: 'finding',
      fault,
      index,
      bytes: one.bytes,
      ...(one.expected !== undefined && { expected: one.expected }),
    }),
});
tell({ type: 'end', result });
