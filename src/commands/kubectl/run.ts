import { parseArgs } from 'node:util';
import { apiVersionOf, type EmailPipelineRun, emailPipelineRuns, emailPipelines } from '../../kubernetes/objects.ts';
import type { PluginContext, Verb } from './context.ts';

const longestName = 40;
const pollMs = 1_000;

/** A name that is not taken: the pipeline's, cut, and when it was asked for. */
const nameOf = (pipeline: string, now: number): string => {
  const stamp = `-${Math.floor(now / 1000).toString(36)}`;
  return `${pipeline.slice(0, longestName - stamp.length)}${stamp}`;
};

/** Runs a pipeline now: an EmailPipelineRun. */
export const run: Verb = async (context, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { name: { type: 'string' }, wait: { type: 'boolean' } },
  });
  const [pipeline, ...more] = positionals;
  if (pipeline === undefined || more.length > 0) return undefined;
  const { client, clock, namespace, io } = context;
  const { signal } = io;
  await client.get(emailPipelines, { namespace, name: pipeline }, { signal, metadataOnly: true });
  const name = values.name ?? nameOf(pipeline, clock.now());
  const made = await client.create<EmailPipelineRun>(
    emailPipelineRuns,
    {
      apiVersion: apiVersionOf(emailPipelineRuns),
      kind: emailPipelineRuns.kind,
      metadata: { name, namespace },
      spec: { pipeline: { name: pipeline } },
    },
    { signal, fieldManager: 'kubectl-mailmill' },
  );
  io.stdout.write(`emailpipelinerun.mailmill.io/${made.metadata.name} created\n`);
  return values.wait === true ? ended(context, name) : 0;
};

/** Waits for the end of a run; 0 when it succeeded. */
async function ended({ client, clock, namespace, io }: PluginContext, name: string): Promise<number> {
  for (;;) {
    const { status } = await client.get(emailPipelineRuns, { namespace, name }, { signal: io.signal });
    if (status?.state === 'Succeeded' || status?.state === 'Failed') {
      const { state, read = 0, delivered = 0, dropped = 0, dead = 0, message } = status;
      io.stdout.write(`${name} ${state}: ${read} read, ${delivered} delivered, ${dropped} dropped, ${dead} dead\n`);
      if (message) io.stdout.write(`${message}\n`);
      return state === 'Succeeded' ? 0 : 1;
    }
    await clock.sleep(pollMs, io.signal);
  }
}
