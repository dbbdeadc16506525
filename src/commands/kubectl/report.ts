import { parseArgs } from 'node:util';
import {
  configMaps,
  cronJobs,
  deployments,
  emailPipelineRuns,
  emailPipelines,
  events,
  jobs,
  type KubernetesObject,
  mailboxSources,
  networkPolicies,
  type Pod,
  podDisruptionBudgets,
  pods,
  type ResourceType,
} from '../../kubernetes/objects.ts';
import { labels, managedBy } from '../../operator/names.ts';
import { asMailmillError, MailmillError } from '../../telemetry/errors.ts';
import { type BundleFile, writeBundle } from './bundle.ts';
import type { PluginContext, Verb } from './context.ts';
import { redact, redactedJson } from './redact.ts';

const logSeconds = 3_600;
/** Characters of one log; the end is what counts. */
const logLength = 8 * 2 ** 20;
const children = `${labels.managedBy}=${managedBy}`;
const operatorPods = 'app.kubernetes.io/name=mailmill,app.kubernetes.io/component=operator';

/** What is written down: never a Secret. */
const kinds: readonly { readonly type: ResourceType; readonly labelSelector?: string }[] = [
  { type: mailboxSources },
  { type: emailPipelines },
  { type: emailPipelineRuns },
  { type: deployments, labelSelector: children },
  { type: cronJobs, labelSelector: children },
  { type: jobs, labelSelector: children },
  { type: podDisruptionBudgets, labelSelector: children },
  { type: networkPolicies, labelSelector: children },
  { type: configMaps, labelSelector: children },
  { type: events },
];

/** Takes the next file of a bundle. */
type Write = (file: string, text: string) => Promise<void>;
type Attempt = (what: string, action: () => Promise<void>) => Promise<void>;

/** Writes a support bundle; what may not be read is named in `errors.txt`. */
export const report: Verb = async (context, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { output: { type: 'string', short: 'o' }, 'operator-namespace': { type: 'string', default: 'mailmill' } },
  });
  if (positionals.length > 0 || values.output === '') return undefined;
  const { namespace, clock, io } = context;
  const stamp = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const folder = `mailmill-report-${namespace}-${stamp}`;
  const file = values.output ?? `${folder}.tar.gz`;
  const target = file === '-' ? { stream: io.stdout } : { file };
  const files = collect(context, values['operator-namespace']);
  await writeBundle(target, folder, files, () => clock.now(), io.signal);
  if (file !== '-') io.stdout.write(`${file}\n`);
  return 0;
};

/** The files of a bundle, one by one: logs are long. */
async function* collect(context: PluginContext, operators: string): AsyncGenerator<BundleFile> {
  const { namespace, io } = context;
  const found: BundleFile[] = [];
  const errors: string[] = [];
  const write: Write = async (name, text) => void found.push({ name, text });
  const attempt: Attempt = async (what, action) => {
    try {
      await action();
    } catch (error) {
      io.signal.throwIfAborted();
      if (!(error instanceof MailmillError)) throw error;
      errors.push(`${what}: ${redact(asMailmillError(error).message)}`);
    }
  };
  await attempt('versions', async () => {
    const versions = { plugin: { node: process.version }, cluster: await context.streams.version(io.signal) };
    await write('versions.json', redactedJson(versions));
  });
  for (const { type, labelSelector } of kinds) {
    await attempt(type.plural, async () => {
      const { items } = await context.client.list<KubernetesObject>(type, {
        ...{ namespace, signal: io.signal },
        ...(labelSelector !== undefined && { labelSelector }),
      });
      await write(`${type.plural}.json`, redactedJson(items));
    });
    yield* found.splice(0);
  }
  for (const [where, labelSelector, prefix] of [
    [namespace, children, ''],
    [operators, operatorPods, 'operator-'],
  ] as const) {
    const logs: (() => Promise<void>)[] = [];
    await attempt(`${prefix}pods`, async () => {
      logs.push(...(await podsAndLogs(context, where, labelSelector, prefix, write)));
    });
    yield* found.splice(0);
    for (const log of logs) {
      await attempt(`a log in namespace ${where}`, log);
      yield* found.splice(0);
    }
  }
  if (errors.length > 0) await write('errors.txt', `${errors.join('\n')}\n`);
  yield* found.splice(0);
  for (const error of errors) io.stderr.write(`left out: ${error}\n`);
}

/** Writes what the pods are; gives what writes their logs, one after the other. */
async function podsAndLogs(
  { client, streams, io }: PluginContext,
  namespace: string,
  labelSelector: string,
  prefix: string,
  write: Write,
): Promise<readonly (() => Promise<void>)[]> {
  const { items } = await client.list(pods, { namespace, labelSelector, signal: io.signal });
  await write(`${prefix}pods.json`, redactedJson(items));
  return (items as readonly Pod[]).flatMap(({ metadata, spec, status }) =>
    (spec?.containers ?? []).flatMap(({ name: container }) => {
      const restarted = (status?.containerStatuses ?? []).some(
        ({ name, restartCount }) => name === container && restartCount > 0,
      );
      return (restarted ? [false, true] : [false]).map((previous) => async () => {
        const from = { namespace, name: metadata.name };
        const options = { signal: io.signal, container, previous, sinceSeconds: logSeconds };
        let text = '';
        for await (const chunk of await streams.logs(from, options))
          text = (text + chunk.toString('utf8')).slice(-logLength);
        await write(`logs/${prefix}${metadata.name}${previous ? '.previous' : ''}.log`, redact(text));
      });
    }),
  );
}
