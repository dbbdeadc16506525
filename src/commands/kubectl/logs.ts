import { parseArgs } from 'node:util';
import { milliseconds } from '../../api/schema.ts';
import { lines } from '../../kubernetes/decode.ts';
import { pods } from '../../kubernetes/objects.ts';
import { containerName } from '../../operator/build/pod.ts';
import { childLabels, selectorText } from '../../operator/names.ts';
import type { Verb } from './context.ts';

/** Logs of a pipeline's workers, each line behind its pod's name when there are several. */
export const logs: Verb = async ({ client, streams, namespace, io }, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      follow: { type: 'boolean', short: 'f' },
      since: { type: 'string' },
      previous: { type: 'boolean', short: 'p' },
    },
  });
  const [pipeline, ...more] = positionals;
  if (pipeline === undefined || more.length > 0) return undefined;
  if (values.since !== undefined && !/^[1-9]\d{0,6}[smhd]$/.test(values.since)) return undefined;
  const labelSelector = selectorText(childLabels(pipeline));
  const { items } = await client.list(pods, { namespace, labelSelector, signal: io.signal });
  const started = items.filter(({ status }) => status?.phase !== 'Pending').map(({ metadata }) => metadata.name);
  if (started.length === 0) {
    io.stderr.write(`the pipeline ${pipeline} has no pod that has started in namespace ${namespace}\n`);
    return 1;
  }
  const one = async (name: string) => {
    const stream = await streams.logs(
      { namespace, name },
      {
        signal: io.signal,
        container: containerName,
        follow: values.follow === true,
        previous: values.previous === true,
        ...(values.since !== undefined && { sinceSeconds: Math.ceil(milliseconds(values.since) / 1000) }),
      },
    );
    const prefix = started.length > 1 ? `[${name}] ` : '';
    for await (const line of lines(stream)) io.stdout.write(`${prefix}${line}\n`);
  };
  if (values.follow) await Promise.all(started.map(one));
  else for (const name of started) await one(name);
  return 0;
};
