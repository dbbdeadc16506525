import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import type { PodFiles, WorkerProcess } from '../support/worker.ts';

/** Worker processes of one pipeline; one that ends is started again, as the kubelet would. */
export interface Workers {
  readonly started: number;
  kill(random: Random): void;
  /** SIGSTOP for so long, then SIGCONT. */
  pause(random: Random, ms: number): void;
  /** The end of what they have written. */
  tail(): string;
  stop(): Promise<void>;
}

export async function startWorkers(pod: PodFiles, size: number): Promise<Workers> {
  const running = new Set<WorkerProcess>();
  const stopping = new AbortController();
  const logs: string[] = [];
  let started = 0;
  const keep = async () => {
    while (!stopping.signal.aborted) {
      started += 1;
      const worker = await pod.start([], { MAILMILL_WORKER: `worker-${started}` });
      running.add(worker);
      const how = await worker.exited;
      running.delete(worker);
      logs.push(`${worker.output().slice(-3_000)}(ended: ${how})`);
      await sleep(200);
    }
  };
  const kept = Array.from({ length: size }, keep);
  return {
    get started() {
      return started;
    },
    kill: (random) => {
      if (running.size > 0) random.pick([...running]).kill('SIGKILL');
    },
    pause: (random, ms) => {
      if (running.size === 0) return;
      const worker = random.pick([...running]);
      worker.kill('SIGSTOP');
      setTimeout(() => worker.kill('SIGCONT'), ms);
    },
    tail: () => [...logs.slice(-3), ...[...running].map((worker) => worker.output().slice(-3_000))].join('\n'),
    stop: async () => {
      stopping.abort();
      for (const worker of running) {
        worker.kill('SIGCONT');
        worker.kill('SIGKILL');
      }
      await Promise.all(kept);
    },
  };
}
