import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { RunnerMode } from '../pipeline/pipeline-runner.ts';
import type { Revision } from '../pipeline/revision.ts';
import { specHash } from '../pipeline/spec-hash.ts';
import { Worker } from '../pipeline/worker.ts';
import { Database } from '../store/database.ts';
import { type Totals, totals } from '../store/totals.ts';
import { asMailmillError, exitCodes, stalled } from '../telemetry/errors.ts';
import { createLogger, type Logger, silentLogger } from '../telemetry/log.ts';
import type { Command, CommandIo } from './command.ts';
import { showDemo } from './run/demo.ts';
import { defaultStateDirectory, type EmbeddedDatabase, startEmbeddedPostgres } from './run/embedded-postgres.ts';
import { nextTime } from './run/next-time.ts';
import { ProgressView } from './run/progress.ts';
import { loadProject, type Project, type ProjectPipeline } from './run/project.ts';
import { secretFiles } from './secret-files.ts';

const usage = `usage: mailmill run DIR [--once] [--json] [--store URI] [--state DIR] [--secrets DIR] [--port N] [--verbose]

Runs the pipelines in DIR on this machine, in one process: streaming ones until you press Ctrl-C, scheduled ones at their times. What
they did is remembered, so that the next start goes on where this one ended.

  --once          run every pipeline until it has caught up, then end
  --json          print a summary as one JSON line on stdout at the end
  --store URI     PostgreSQL that keeps the state; default: the Secret that storeRef names, else an embedded server
  --state DIR     where the embedded server keeps its data
  --secrets DIR   directory of <secret>/<key> files, beside the kind: Secret objects in DIR
  --port N        port of /metrics, /healthz and /readyz on 127.0.0.1 (default 9465; 0: none)
  --verbose       JSON logs on stderr instead of the progress lines

A Secret that a PostgreSQL sink names and nobody has stands for a database of that name on the embedded server.

example: mailmill run manifests/samples/demo --once`;

interface Options {
  readonly directory: string;
  readonly once: boolean;
  readonly json: boolean;
  readonly store: string | undefined;
  readonly state: string;
  readonly secrets: string | undefined;
  readonly port: number;
  readonly demo: boolean;
  readonly verbose: boolean;
}

function parse(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      once: { type: 'boolean' },
      json: { type: 'boolean' },
      store: { type: 'string' },
      state: { type: 'string' },
      secrets: { type: 'string' },
      port: { type: 'string' },
      demo: { type: 'boolean' },
      verbose: { type: 'boolean' },
    },
  });
  const directory = positionals[0];
  const port = Number(values.port ?? 9465);
  if (directory === undefined || positionals.length > 1 || !Number.isInteger(port) || port < 0 || port > 65535)
    return undefined;
  return {
    directory,
    once: values.once ?? false,
    json: values.json ?? false,
    store: values.store,
    state: values.state ?? defaultStateDirectory(directory),
    secrets: values.secrets,
    port,
    demo: values.demo ?? false,
    verbose: values.verbose ?? false,
  };
}

/** Where Secrets come from: files, objects in DIR, the embedded server for databases that nobody named. */
class Secrets {
  readonly #project: Project;
  readonly #files: ((name: string, key: string) => Promise<string>) | undefined;
  readonly #embedded: () => Promise<EmbeddedDatabase>;
  readonly #databases: ReadonlySet<string>;

  constructor(project: Project, directory: string | undefined, embedded: () => Promise<EmbeddedDatabase>) {
    this.#project = project;
    this.#files = directory === undefined ? undefined : secretFiles(directory);
    this.#embedded = embedded;
    this.#databases = new Set(project.sinks.map((sink) => sink.postgres.secretRef.name));
  }

  async find(name: string, key: string): Promise<string | undefined> {
    const inline = this.#project.secrets.get(name)?.get(key);
    if (inline !== undefined) return inline;
    return this.#files?.(name, key).catch(() => undefined);
  }

  readonly get = async (name: string, key: string): Promise<string> => {
    const found = await this.find(name, key);
    if (found !== undefined) return found;
    if (this.#databases.has(name)) return (await this.#embedded()).uri(name.replaceAll(/[^a-z0-9_]/g, '_'));
    throw stalled(
      'SECRET_MISSING',
      `there is no Secret ${name} with the key ${key}; add it as kind: Secret, or as a file with --secrets`,
    );
  };
}

async function storeUri(
  options: Options,
  pipelines: readonly ProjectPipeline[],
  secrets: Secrets,
  embedded: () => Promise<EmbeddedDatabase>,
): Promise<string> {
  if (options.store !== undefined) return options.store;
  const uris = new Set<string>();
  for (const { revision } of pipelines) {
    const uri = await secrets.find(revision.storeRef.name, revision.storeRef.key);
    if (uri !== undefined) uris.add(uri);
  }
  if (uris.size > 1)
    throw stalled(
      'STORES_DIFFER',
      'the pipelines name different stores; one process runs on one: start it for each, or name one with --store',
    );
  return [...uris][0] ?? (await embedded()).uri('mailmill');
}

class Session {
  readonly #options: Options;
  readonly #project: Project;
  readonly #io: CommandIo;
  readonly #uri: string;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  readonly #workers = new Set<Worker>();

  constructor(options: Options, project: Project, io: CommandIo, uri: string, secrets: Secrets) {
    this.#options = options;
    this.#project = project;
    this.#io = io;
    this.#uri = uri;
    this.#secrets = secrets;
    this.#log = options.verbose ? createLogger({ stream: io.stderr }) : silentLogger;
  }

  get statuses() {
    return [...this.#workers].flatMap((worker) => worker.status().pipelines);
  }

  #worker(revisions: readonly Revision[], mode: RunnerMode, http: boolean): Worker {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const worker = new Worker({
      revisions,
      mode,
      name: `${hostname()}-${process.pid}`,
      storeUri: this.#uri,
      secret: this.#secrets.get,
      maildirPath: (source) => this.#project.maildirs.get(source) ?? source,
      http:
        http && this.#options.port > 0
          ? { host: '127.0.0.1', port: this.#options.port, tokenSha256: undefined }
          : undefined,
      registry,
      log: this.#log,
      clock: () => new Date(),
      budgetBytes: 64 * 2 ** 20,
      storeConnections: 3,
      graceMs: 20_000,
    });
    this.#workers.add(worker);
    return worker;
  }

  async once(stop: AbortSignal): Promise<void> {
    const run = `once-${new Date().toISOString()}`;
    await this.#worker(
      this.#project.pipelines.map((pipeline) => pipeline.revision),
      { kind: 'once', run, specHash: '' },
      true,
    ).run(stop);
  }

  async stream(stop: AbortSignal): Promise<void> {
    const streaming = this.#project.pipelines.filter((pipeline) => !pipeline.schedule);
    const scheduled = this.#project.pipelines.filter((pipeline) => pipeline.schedule);
    const work = scheduled.map((pipeline) =>
      this.#atTimes(pipeline, stop, streaming.length === 0 && pipeline === scheduled[0]),
    );
    if (streaming.length > 0) {
      const worker = this.#worker(
        streaming.map((pipeline) => pipeline.revision),
        { kind: 'stream' },
        true,
      );
      work.push(worker.run(stop), this.#request(worker, streaming, stop));
    }
    await Promise.all(work);
  }

  /** EmailPipelineRuns of streaming pipelines, once they are ready; the store knows which were done before. */
  async #request(worker: Worker, pipelines: readonly ProjectPipeline[], stop: AbortSignal): Promise<void> {
    for (const { revision, runs } of pipelines)
      for (const run of runs)
        await worker.requestRun(revision.pipeline, { name: run.metadata.name, specHash: specHash(run.spec) }, stop);
  }

  async #atTimes(pipeline: ProjectPipeline, stop: AbortSignal, http: boolean): Promise<void> {
    for (const run of pipeline.runs)
      await this.#runNow(pipeline, { kind: 'once', run: run.metadata.name, specHash: specHash(run.spec) }, stop, http);
    while (!stop.aborted && pipeline.schedule) {
      const next = nextTime(pipeline.schedule.expression, pipeline.schedule.timeZone, new Date());
      if (!next) return;
      this.#io.stderr.write(`${pipeline.revision.pipeline}: next run at ${next.toISOString()}\n`);
      while (!stop.aborted && Date.now() < next.getTime())
        await delay(Math.min(next.getTime() - Date.now(), 60_000), undefined, { signal: stop }).catch(() => undefined);
      if (!stop.aborted)
        await this.#runNow(
          pipeline,
          { kind: 'once', run: `${pipeline.revision.pipeline}-${next.getTime() / 60_000}`, specHash: '' },
          stop,
          http,
        );
    }
  }

  async #runNow(pipeline: ProjectPipeline, mode: RunnerMode, stop: AbortSignal, http: boolean): Promise<void> {
    const worker = this.#worker([pipeline.revision], mode, http);
    try {
      await worker.run(stop);
    } catch (thrown) {
      const error = asMailmillError(thrown);
      this.#io.stderr.write(`${pipeline.revision.pipeline}: ${error.code}: ${error.message}\n`);
    } finally {
      this.#workers.delete(worker);
    }
  }
}

async function drawUntil(session: Session, view: ProgressView, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    view.draw(session.statuses, Date.now());
    await delay(1_000, undefined, { signal: ended }).catch(() => undefined);
  }
  view.draw(session.statuses, Date.now(), true);
}

async function summary(uri: string, pipelines: readonly ProjectPipeline[]): Promise<Totals> {
  const database = new Database({ uri, max: 1, applicationName: 'mailmill-run' });
  try {
    return await totals(
      database,
      pipelines.map(({ revision }) => ({
        namespace: revision.namespace,
        pipeline: revision.pipeline,
        sources: revision.sources.map((s) => s.name),
      })),
    );
  } finally {
    await database.close();
  }
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parse(args);
  if (!options) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const project = await loadProject([options.directory], io.signal);
  if ('problems' in project) {
    for (const problem of project.problems) io.stderr.write(`${problem}\n`);
    return 1;
  }
  let server: Promise<EmbeddedDatabase> | undefined;
  const embedded = () => {
    server ??= startEmbeddedPostgres(options.state);
    return server;
  };
  const started = Date.now();
  try {
    const secrets = new Secrets(project, options.secrets, embedded);
    const uri = await storeUri(options, project.pipelines, secrets, embedded);
    if (server) io.stderr.write(`embedded PostgreSQL: state is kept in ${options.state}\n`);
    const session = new Session(options, project, io, uri, secrets);
    const ended = new AbortController();
    const view = options.verbose ? undefined : new ProgressView(io.stderr);
    const drawing = view && drawUntil(session, view, ended.signal);
    let failure: unknown;
    try {
      await (options.once ? session.once(io.signal) : session.stream(io.signal));
    } catch (error) {
      failure = error;
    }
    ended.abort();
    await drawing;
    const seconds = (Date.now() - started) / 1000;
    const result = await summary(uri, project.pipelines);
    if (options.json) io.stdout.write(`${JSON.stringify({ ...result, seconds: Number(seconds.toFixed(2)) })}\n`);
    else
      io.stderr.write(
        `${result.messages} messages, ${result.rows} rows, ${result.dead} dead letters; this time ${seconds.toFixed(1)} s\n`,
      );
    if (failure !== undefined) {
      const error = asMailmillError(failure);
      io.stderr.write(`mailmill: ${error.code}: ${error.message}\n`);
      if (error.code === 'INTERNAL' && failure instanceof Error) io.stderr.write(`${failure.stack}\n`);
      return exitCodes[error.family];
    }
    if (options.demo) await showDemo(io.stderr, project.sinks, secrets.get, options.once);
    return 0;
  } finally {
    await (await server)?.stop();
  }
}

export const command: Command = {
  name: 'run',
  summary: 'run the pipelines of a directory on this machine',
  usage,
  run,
};
