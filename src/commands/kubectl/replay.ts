import { parseArgs } from 'node:util';
import type { Verb } from './context.ts';
import { makeRun } from './run.ts';

/** Reads recorded messages of a pipeline again: an EmailPipelineRun, and what comes of it. */
export const replay: Verb = async (context, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      since: { type: 'string' },
      until: { type: 'string' },
      dead: { type: 'boolean' },
      id: { type: 'string', multiple: true },
      'dry-run': { type: 'boolean' },
      name: { type: 'string' },
      'no-wait': { type: 'boolean' },
    },
  });
  const [pipeline, ...more] = positionals;
  const { since, until, dead, id: ids } = values;
  const chosen = since !== undefined || dead === true || ids !== undefined;
  if (pipeline === undefined || more.length > 0 || !chosen) return undefined;
  const work = {
    replay: {
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(dead && { only: 'Dead' as const }),
      ...(ids && { ids: ids.map((each) => each.toLowerCase()) }),
    },
    ...(values['dry-run'] && { dryRun: true }),
  };
  return makeRun(context, { pipeline, work, name: values.name, wait: values['no-wait'] !== true });
};
