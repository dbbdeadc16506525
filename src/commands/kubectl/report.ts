import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
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

/** Writes a support bundle; what may not be read is named in `errors.txt`. */
export const report: Verb = async (context, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { output: { type: 'string', short: 'o' }, 'operator-namespace': { type: 'string', default: 'mailmill' } },
  });
  if (positionals.length > 0) return undefined;
  const { namespace, clock, io } = context;
  const stamp = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const directory = values.output ?? `mailmill-report-${namespace}-${stamp}`;
  await mkdir(path.join(directory, 'logs'), { recursive: true, mode: 0o700 });
  const write = (file: string, text: string) => writeFile(path.join(directory, file), text, { mode: 0o600 });
  const errors: string[] = [];
  const attempt = async (what: string, action: () => Promise<void>) => {
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
  for (const { type, labelSelector } of kinds)
    await attempt(type.plural, async () => {
      const { items } = await context.client.list<KubernetesObject>(type, {
        ...{ namespace, signal: io.signal },
        ...(labelSelector !== undefined && { labelSelector }),
      });
      await write(`${type.plural}.json`, redactedJson(items));
    });
  await attempt('pods', () => podsAndLogs(context, namespace, children, '', write, attempt));
  const operators = values['operator-namespace'];
  await attempt('operator', () => podsAndLogs(context, operators, operatorPods, 'operator-', write, attempt));
  if (errors.length > 0) await write('errors.txt', `${errors.join('\n')}\n`);
  for (const error of errors) io.stderr.write(`left out: ${error}\n`);
  io.stdout.write(`${directory}\n`);
  return 0;
};

async function podsAndLogs(
  { client, streams, io }: PluginContext,
  namespace: string,
  labelSelector: string,
  prefix: string,
  write: (file: string, text: string) => Promise<void>,
  attempt: (what: string, action: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { items } = await client.list(pods, { namespace, labelSelector, signal: io.signal });
  await write(`${prefix}pods.json`, redactedJson(items));
  for (const { metadata, spec, status } of items as readonly Pod[])
    for (const { name: container } of spec?.containers ?? []) {
      const restarted = (status?.containerStatuses ?? []).some(
        ({ name, restartCount }) => name === container && restartCount > 0,
      );
      for (const previous of restarted ? [false, true] : [false])
        await attempt(`log of ${metadata.name}`, async () => {
          const from = { namespace, name: metadata.name };
          const options = { signal: io.signal, container, previous, sinceSeconds: logSeconds };
          let text = '';
          for await (const chunk of await streams.logs(from, options))
            text = (text + chunk.toString('utf8')).slice(-logLength);
          await write(`logs/${prefix}${metadata.name}${previous ? '.previous' : ''}.log`, redact(text));
        });
    }
}
