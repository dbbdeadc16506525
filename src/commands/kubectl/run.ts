import { parseArgs } from 'node:util';
import type { EmailPipelineRunStatus, RunWork } from '../../api/email-pipeline-run.ts';
import { apiVersionOf, type EmailPipelineRun, emailPipelineRuns, emailPipelines } from '../../kubernetes/objects.ts';
import type { PluginContext, Verb } from './context.ts';

const longestName = 40;
const pollMs = 1_000;

/** A name that is not taken: the pipeline's, cut, and when it was asked for. */
const nameOf = (pipeline: string, now: number): string => {
  const stamp = `-${Math.floor(now / 1000).toString(36)}`;
  return `${pipeline.slice(0, longestName - stamp.length)}${stamp}`;
};

/** What is run, and how. */
export interface RunRequest {
  readonly pipeline: string;
  readonly work: RunWork;
  /** Default: one that is not taken. */
  readonly name: string | undefined;
  readonly wait: boolean;
}

/** Runs a pipeline now: an EmailPipelineRun. */
export const run: Verb = async (context, args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      wait: { type: 'boolean' },
      full: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    },
  });
  const [pipeline, ...more] = positionals;
  if (pipeline === undefined || more.length > 0) return undefined;
  const work: RunWork = { ...(values.full && { load: 'Full' as const }), ...(values['dry-run'] && { dryRun: true }) };
  return makeRun(context, { pipeline, work, name: values.name, wait: values.wait === true });
};

/** Makes an EmailPipelineRun, and waits for its end when asked to; 0 when it succeeded. */
export async function makeRun(context: PluginContext, request: RunRequest): Promise<number> {
  const { client, clock, namespace, io } = context;
  const { signal } = io;
  const { pipeline } = request;
  await client.get(emailPipelines, { namespace, name: pipeline }, { signal, metadataOnly: true });
  const name = request.name ?? nameOf(pipeline, clock.now());
  const made = await client.create<EmailPipelineRun>(
    emailPipelineRuns,
    {
      apiVersion: apiVersionOf(emailPipelineRuns),
      kind: emailPipelineRuns.kind,
      metadata: { name, namespace },
      spec: { pipeline: { name: pipeline }, ...request.work },
    },
    { signal, fieldManager: 'kubectl-mailmill' },
  );
  io.stdout.write(`emailpipelinerun.mailmill.io/${made.metadata.name} created\n`);
  return request.wait ? ended(context, name) : 0;
}

type Diff = NonNullable<EmailPipelineRunStatus['diff']>;

/** What a dry run found: numbers, and names of columns. */
function difference({ added, changed, unchanged, removed, keys }: Diff): string {
  const counts = `${added} documents would be added, ${changed} changed, ${removed} removed; ${unchanged} stay as they are`;
  return [counts, ...keys.map(({ id, columns }) => `  ${id}  ${columns.join(', ')}`)].join('\n');
}

/** Waits for the end of a run; 0 when it succeeded. */
async function ended({ client, clock, namespace, io }: PluginContext, name: string): Promise<number> {
  let told = '';
  const tell = (line: string) => {
    if (line !== told) io.stdout.write(`${line}\n`);
    told = line;
  };
  for (;;) {
    const { status } = await client.get(emailPipelineRuns, { namespace, name }, { signal: io.signal });
    if (status?.state === 'Succeeded' || status?.state === 'Failed') {
      const { state, read = 0, delivered = 0, dropped = 0, dead = 0, removed = 0, missing = 0, diff, message } = status;
      const more = [removed > 0 && `, ${removed} rows removed`, missing > 0 && `, ${missing} that nobody has any more`];
      const text = more.filter((each) => each !== false).join('');
      io.stdout.write(
        `${name} ${state}: ${read} read, ${delivered} delivered, ${dropped} dropped, ${dead} dead${text}\n`,
      );
      if (diff) tell(difference(diff));
      if (message) io.stdout.write(`${message}\n`);
      return state === 'Succeeded' ? 0 : 1;
    }
    const { done, total } = status?.progress ?? {};
    const waits = status?.conditions?.find(({ type }) => type === 'Reconciling')?.message;
    if (done !== undefined) tell(`${name}: ${done} of ${total ?? 'an unknown number'}`);
    else if (waits !== undefined) tell(`${name}: ${waits}`);
    await clock.sleep(pollMs, io.signal);
  }
}
