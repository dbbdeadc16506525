import { resolvePipeline } from '../../api/resolve.ts';
import { cronJobs, deployments, emailPipelines } from '../../kubernetes/objects.ts';
import { revisionKey } from '../../operator/build/pod.ts';
import { stalled } from '../../telemetry/errors.ts';
import type { PluginContext, Verb } from './context.ts';
import { type Needs, templateOf, toolJob } from './job.ts';
import { runJob } from './run-job.ts';

const revision = ['--revision', `/etc/mailmill/${revisionKey}`] as const;

/** Runs a command in a Job made from the pipeline's workload. */
async function inJob(
  context: PluginContext,
  pipeline: string,
  args: readonly [string, ...string[]],
  needs: Needs,
): Promise<number> {
  const { client, clock, random, namespace, io } = context;
  const at = { namespace, name: pipeline };
  const { signal } = io;
  const workload = (await client.find(deployments, at, { signal })) ?? (await client.find(cronJobs, at, { signal }));
  const stamp = Math.floor(clock.now() + random() * 1_000).toString(36);
  const name = `${pipeline}-${args[0]}-${stamp}`;
  const template = workload && templateOf(workload);
  const job = template && toolJob({ name, namespace, pipeline, args, needs }, template);
  if (!job) {
    throw stalled(
      'WORKLOAD_MISSING',
      `the pipeline ${pipeline} has no Deployment or CronJob in namespace ${namespace} to take image and Secrets from; kubectl mailmill status ${pipeline} says why`,
    );
  }
  return runJob(context, job);
}

async function storeOf({ client, namespace, io }: PluginContext, pipeline: string): Promise<Needs> {
  const object = await client.get(emailPipelines, { namespace, name: pipeline }, { signal: io.signal });
  const { spec } = resolvePipeline({ ...object, apiVersion: 'mailmill.io/v1alpha1', kind: 'EmailPipeline' });
  const { name, key } = spec.storeRef;
  return { kind: 'store', secret: { name, key } };
}

/** `dead PIPELINE [list | show ID | retry | resolve [--sink NAME] [--message ID]… | accept]`. */
export const dead: Verb = async (context, [pipeline, verb = 'list', ...rest]) => {
  if (pipeline === undefined || pipeline.startsWith('-')) return undefined;
  if (rest.some((arg) => arg.startsWith('--raw') || arg.startsWith('--store') || arg.startsWith('--namespace'))) {
    context.io.stderr.write(
      'kubectl mailmill dead takes no --raw: the mail would stand in the log of a pod. Use mailmill dead show --raw with a way to the store\n',
    );
    return 2;
  }
  const ends = ['--namespace', context.namespace];
  const named: Readonly<Record<string, readonly string[] | undefined>> = {
    list: rest.length === 0 ? [pipeline] : undefined,
    show: rest.length === 1 ? rest : undefined,
    retry: [pipeline, ...rest],
    resolve: [pipeline, ...rest],
    accept: rest.length === 0 ? [pipeline] : undefined,
  };
  const args = Object.hasOwn(named, verb) ? named[verb] : undefined;
  if (!args) return undefined;
  return inJob(context, pipeline, ['dead', verb, ...args, ...ends], await storeOf(context, pipeline));
};

/** `reconcile PIPELINE [--last] [--json]`. */
export const reconcile: Verb = async (context, [pipeline, ...rest]) => {
  if (pipeline === undefined || pipeline.startsWith('-')) return undefined;
  if (rest.some((arg) => arg !== '--json' && arg !== '--last')) return undefined;
  return inJob(context, pipeline, ['reconcile', ...revision, ...rest], { kind: 'worker' });
};

/** `trace PIPELINE --message-id ID | --id UUID | --uid FOLDER/UID [--json]`. */
export const trace: Verb = async (context, [pipeline, ...rest]) => {
  if (pipeline === undefined || pipeline.startsWith('-') || rest.length === 0) return undefined;
  return inJob(context, pipeline, ['trace', ...revision, ...rest], { kind: 'worker' });
};
