import { type Job, jobs, type Live, type Pod, pods } from '../../kubernetes/objects.ts';
import { containerName } from '../../operator/build/pod.ts';
import { podTrouble } from '../../operator/pods.ts';
import { transient } from '../../telemetry/errors.ts';
import type { PluginContext } from './context.ts';

const pollMs = 500;
/** Milliseconds until a pod must have started: an image may have to be pulled. */
const startMs = 180_000;
/** Milliseconds between the end of the log and the pod's own end. */
const endMs = 30_000;
const deleteMs = 10_000;

const containerOf = (pod: Pod | undefined) =>
  pod?.status?.containerStatuses?.find(({ name }) => name === containerName)?.state;

/**
 * Makes a Job, shows its log and deletes it. Returns the exit code of its container. Throws Transient `KUBERNETES_JOB_FAILED` when
 * the pod does not start, with the reason.
 */
export async function runJob(context: PluginContext, job: Job): Promise<number> {
  const { client, namespace, io } = context;
  const made = await client.create<Job>(jobs, job, { signal: io.signal, fieldManager: 'kubectl-mailmill' });
  try {
    const pod = await until(context, made, startMs, (state) => state?.running ?? state?.terminated);
    await showLog(context, pod);
    const ended = await until(context, made, endMs, (state) => state?.terminated);
    return containerOf(ended)?.terminated?.exitCode ?? 1;
  } finally {
    // Also after Ctrl-C: a signal of its own.
    await client.delete(
      jobs,
      { namespace, name: made.metadata.name },
      { signal: AbortSignal.timeout(deleteMs), uid: made.metadata.uid },
    );
  }
}

async function showLog({ streams, io }: PluginContext, pod: Live<Pod>): Promise<void> {
  const log = await streams.logs(pod.metadata, { signal: io.signal, container: containerName, follow: true });
  for await (const chunk of log) io.stdout.write(chunk);
}

/** Polls the Job's pod until its container is in the wanted state. */
async function until(
  { client, clock, namespace, io }: PluginContext,
  job: Live<Job>,
  ms: number,
  wanted: (state: ReturnType<typeof containerOf>) => unknown,
): Promise<Live<Pod>> {
  const end = clock.monotonic() + ms;
  const { signal } = io;
  for (;;) {
    const labelSelector = `batch.kubernetes.io/job-name=${job.metadata.name}`;
    const { items } = await client.list(pods, { namespace, labelSelector, signal });
    const [pod] = items;
    if (pod && wanted(containerOf(pod))) return pod;
    if (clock.monotonic() < end) {
      await clock.sleep(pollMs, signal);
      continue;
    }
    const trouble = pod && podTrouble(pod);
    const why = trouble?.message ?? (pod ? 'its pod does not start' : 'it has no pod; see the events of the Job');
    throw transient('KUBERNETES_JOB_FAILED', `Job ${job.metadata.name} did not run within ${ms / 1000} s: ${why}`);
  }
}
