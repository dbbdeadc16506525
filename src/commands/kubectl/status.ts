import type { Condition } from '../../api/conditions.ts';
import {
  type EmailPipeline,
  type EmailPipelineRun,
  emailPipelineRuns,
  emailPipelines,
  type MailboxSource,
  mailboxSources,
} from '../../kubernetes/objects.ts';
import type { Verb } from './context.ts';
import { age, table } from './table.ts';

type Resource = MailboxSource | EmailPipeline | EmailPipelineRun;

const condition = (object: Resource, type: string): Condition | undefined =>
  object.status?.conditions?.find((each) => each.type === type);
const statusOf = (object: Resource, type: string): string => condition(object, type)?.status ?? '-';
const readyOf = (object: Resource): string => {
  const ready = condition(object, 'Ready');
  return ready === undefined ? '-' : ready.status === 'True' ? 'True' : `${ready.status} (${ready.reason})`;
};

/** Whether a person should look at it. */
const isBad = (object: Resource): boolean =>
  (object.kind === 'EmailPipelineRun'
    ? (object as EmailPipelineRun).status?.state === 'Failed'
    : condition(object, 'Ready')?.status !== 'True') ||
  condition(object, 'Stalled')?.status === 'True' ||
  condition(object, 'Complete')?.status === 'False';

const sourceTable = (sources: readonly MailboxSource[], now: number) =>
  table(
    ['SOURCE', 'READY', 'STALLED', 'AGE'],
    sources.map((each) => [
      each.metadata.name,
      readyOf(each),
      statusOf(each, 'Stalled'),
      age(each.metadata.creationTimestamp, now),
    ]),
  );

const pipelineTable = (pipelines: readonly EmailPipeline[], now: number) =>
  table(
    ['PIPELINE', 'SOURCE', 'SCHEDULE', 'READY', 'STALLED', 'FLOWING', 'DELIVERING', 'REVISION', 'AGE'],
    pipelines.map((each) => [
      each.metadata.name,
      each.spec.source.name,
      each.spec.suspend === true ? 'suspended' : (each.spec.schedule ?? '-'),
      readyOf(each),
      ...['Stalled', 'Flowing', 'Delivering'].map((type) => statusOf(each, type)),
      each.status?.lastGoodRevision ?? '-',
      age(each.metadata.creationTimestamp, now),
    ]),
  );

/** Runs as a table, the newest first. */
export const runTable = (runs: readonly EmailPipelineRun[], now: number) =>
  table(
    ['RUN', 'PIPELINE', 'STATE', 'READ', 'DELIVERED', 'DROPPED', 'DEAD', 'AGE'],
    [...runs]
      .sort((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1))
      .map(({ metadata, spec, status }) => [
        metadata.name,
        spec.pipeline.name,
        status?.state ?? 'Pending',
        ...[status?.read, status?.delivered, status?.dropped, status?.dead].map((count) => String(count ?? '-')),
        age(metadata.creationTimestamp, now),
      ]),
  );

const conditionsOf = (object: Resource): string =>
  (object.status?.conditions ?? [])
    .map(({ type, status, reason, message }) => `  ${type}=${status} ${reason}: ${message}\n`)
    .join('');

/** What the last scheduled reconcile found; nothing where there is none. */
function reconciled(object: Resource): string {
  const last =
    object.kind === 'EmailPipelineRun' ? undefined : (object as EmailPipeline | MailboxSource).status?.lastReconcile;
  if (last === undefined) return '';
  const { name, state, finishedAt = '-', succeededAt = '-', accounts, unread, message } = last;
  const counts = (['listed', 'recorded', 'dead', 'excluded', 'unfinished', 'missing', 'gone'] as const)
    .map((field) => `${last[field] ?? '-'} ${field}`)
    .join(', ');
  const why = message === undefined ? '' : `\n    ${message}`;
  return `  lastReconcile ${name} ${state} ${finishedAt}: ${counts}; ${unread ?? '-'} of ${accounts ?? '-'} accounts unread; last success ${succeededAt}${why}\n`;
}

/** Everything of a namespace, or what has one name, with its conditions. */
export const status: Verb = async ({ client, namespace, clock, io }, args) => {
  const [name, ...more] = args;
  if (more.length > 0 || name?.startsWith('-')) return undefined;
  const options = { namespace, signal: io.signal };
  const [sources, pipelines, runs] = await Promise.all([
    client.list(mailboxSources, options),
    client.list(emailPipelines, options),
    client.list(emailPipelineRuns, options),
  ]);
  const wanted = <T extends Resource>(items: readonly T[]) =>
    items.filter(({ metadata }) => name === undefined || metadata.name === name);
  const shown = { sources: wanted(sources.items), pipelines: wanted(pipelines.items), runs: wanted(runs.items) };
  const all: readonly Resource[] = [...shown.sources, ...shown.pipelines, ...shown.runs];
  if (all.length === 0) {
    io.stderr.write(`nothing of Mailmill${name === undefined ? '' : ` is named ${name}`} in namespace ${namespace}\n`);
    return name === undefined ? 0 : 1;
  }
  const now = clock.now();
  const tables = [
    shown.sources.length > 0 && sourceTable(shown.sources, now),
    shown.pipelines.length > 0 && pipelineTable(shown.pipelines, now),
    shown.runs.length > 0 && runTable(shown.runs, now),
  ].filter((each) => each !== false);
  io.stdout.write(tables.join('\n'));
  const bad = all.filter(isBad);
  for (const object of name === undefined ? bad : all)
    io.stdout.write(`\n${object.kind} ${object.metadata.name}\n${conditionsOf(object)}${reconciled(object)}`);
  return bad.length === 0 ? 0 : 1;
};

/** Runs on demand, of all pipelines or of one. */
export const runs: Verb = async ({ client, namespace, clock, io }, args) => {
  const [pipeline, ...more] = args;
  if (more.length > 0 || pipeline?.startsWith('-')) return undefined;
  const { items } = await client.list(emailPipelineRuns, { namespace, signal: io.signal });
  const wanted = items.filter(({ spec }) => pipeline === undefined || spec.pipeline.name === pipeline);
  io.stdout.write(runTable(wanted, clock.now()));
  return 0;
};
