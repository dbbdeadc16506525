import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../store/database.ts';
import { type Totals, totals } from '../store/totals.ts';
import { asMailmillError, exitCodes, stackOf } from '../telemetry/errors.ts';
import { createLogger } from '../telemetry/log.ts';
import type { Command, CommandIo } from './command.ts';
import { showDemo } from './run/demo.ts';
import { startEmbeddedPostgres } from './run/embedded-postgres.ts';
import { startHttp } from './run/http.ts';
import { LazyServer } from './run/lazy-server.ts';
import { noticeLogger } from './run/notices.ts';
import { type Options, parseOptions, usage } from './run/options.ts';
import { ProgressView } from './run/progress.ts';
import { loadProject, type Project, type ProjectPipeline } from './run/project.ts';
import { Secrets, storeUri } from './run/secrets.ts';
import { Session } from './run/session.ts';

const drawMs = 500;
/** npm hands a signal on that the terminal has sent as well: only a later one was pressed again. */
const sameSignalMs = 1_000;

/** Says that the end has begun, and lets a second Ctrl-C end at once. Returns what takes that back. */
function watchForStop(io: CommandIo, note: (line: string) => void, server: LazyServer): () => void {
  let stoppedAt = 0;
  const again = () => {
    if (Date.now() - stoppedAt < sameSignalMs) return;
    server.kill();
    process.exit(130);
  };
  const stopped = () => {
    stoppedAt = Date.now();
    note('ending: what is under way is finished first (Ctrl-C again ends at once)');
    process.on('SIGINT', again);
  };
  io.signal.addEventListener('abort', stopped, { once: true });
  return () => {
    io.signal.removeEventListener('abort', stopped);
    process.off('SIGINT', again);
  };
}

async function summary(uri: string, pipelines: readonly ProjectPipeline[]): Promise<Totals> {
  const database = new Database({ uri, max: 1, applicationName: 'mailmill-run' });
  try {
    return await totals(
      database,
      pipelines.map(({ revision }) => ({
        namespace: revision.namespace,
        pipeline: revision.pipeline,
        sources: revision.sources.map((source) => source.name),
      })),
    );
  } finally {
    await database.close();
  }
}

interface Surroundings {
  readonly options: Options;
  readonly project: Project;
  readonly io: CommandIo;
  readonly note: (line: string) => void;
  readonly view: ProgressView | undefined;
  readonly server: LazyServer;
}

/** Runs the pipelines to their end. Throws what ended them. */
async function work({ options, project, io, note, view, server }: Surroundings): Promise<void> {
  const started = Date.now();
  const secrets = new Secrets(project, options.secrets, server.get);
  const uri = await storeUri(options.store, project.pipelines, secrets, server.get);
  const log = view ? noticeLogger(note, () => Date.now()) : createLogger({ stream: io.stderr });
  const { listen } = options;
  const session = new Session({
    ...{ project, storeUri: uri, secret: secrets.get, log, note, listen },
    clock: () => new Date(),
  });
  const http = options.port === 0 ? undefined : await startHttp(options.port, session);
  if (http && !options.once) note(`metrics: http://127.0.0.1:${http.port}/metrics`);
  const stop = AbortSignal.any([io.signal, server.lost]);
  const ended = new AbortController();
  const drawing = view && draw(view, session, ended.signal);
  const demonstrating =
    options.demo && !options.once
      ? demonstrate(session, project, secrets, note, AbortSignal.any([stop, ended.signal]))
      : undefined;
  let failure: unknown;
  try {
    await (options.once ? session.once(stop) : session.stream(stop));
  } catch (error) {
    failure = error;
  }
  ended.abort();
  await Promise.all([drawing, demonstrating]);
  http?.close();
  if (server.lost.aborted) throw server.lost.reason;
  if (failure !== undefined && !options.json) throw failure;
  try {
    const seconds = (Date.now() - started) / 1000;
    // Who starts with the demonstration has a checkout and nothing on the PATH.
    const program = options.demo ? 'npm run mailmill --' : 'mailmill';
    const total = await summary(uri, project.pipelines);
    if (options.json) io.stdout.write(`${JSON.stringify({ ...total, seconds: Number(seconds.toFixed(2)) })}\n`);
    note(
      `in all: ${total.messages} messages, ${total.rows} rows, ${total.dead} dead letters (this time ${seconds.toFixed(1)} s)`,
    );
    if (total.dead > 0) note(`why they are dead: ${program} dead list ${storeArgument(options, server)}`);
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
  if (options.demo && options.once) note(await showDemo(project.sinks, secrets.get, { once: true }));
}

/** How another command names the store of this run; a URI may hold a password. */
const storeArgument = ({ store, state }: Options, server: LazyServer): string =>
  store === undefined && server.started ? `--state ${state}` : '--store URI';

async function draw(view: ProgressView, session: Session, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    view.draw(session.lines(), Date.now());
    await delay(drawMs, undefined, { signal: ended }).catch(() => undefined);
  }
  view.draw(session.lines(), Date.now(), true);
}

/** Shows the result once everything there was is a row; the pipelines run on. */
async function demonstrate(
  session: Session,
  project: Project,
  secrets: Secrets,
  note: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted && !session.caughtUp()) await delay(200, undefined, { signal: stop }).catch(() => undefined);
  if (!stop.aborted) note(await showDemo(project.sinks, secrets.get, { once: false }));
}

/** A stream ends when it is told to; with --once that leaves something undone. */
function stoppedEarly(options: Options, io: CommandIo, note: (line: string) => void): number {
  if (!options.once || !io.signal.aborted) return 0;
  note('stopped before everything was read; start it again to go on');
  return exitCodes.Transient;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseOptions(args, io.env);
  if ('wrong' in options) {
    io.stderr.write(`mailmill run: ${options.wrong}\n\n${usage}\n`);
    return 2;
  }
  const project = await loadProject([options.directory], io.signal);
  if ('problems' in project) {
    for (const problem of project.problems) io.stderr.write(`${problem}\n`);
    return 1;
  }
  const view = options.verbose ? undefined : new ProgressView(io.stderr);
  const note = (line: string) => (view ? view.note(line) : void io.stderr.write(`${line}\n`));
  for (const name of project.suspended) note(`${name} is suspended and left out`);
  const server = new LazyServer(() => {
    note(`starting the embedded PostgreSQL; its data is kept in ${options.state}`);
    return startEmbeddedPostgres(options.state, note, io.signal);
  });
  const unwatch = watchForStop(io, note, server);
  try {
    await work({ options, project, io, note, view, server });
    return stoppedEarly(options, io, note);
  } catch (thrown) {
    // Told to end before it had begun, or cut after the grace period: the next start goes on from the last commit.
    if (io.signal.aborted && !server.lost.aborted) return stoppedEarly(options, io, note);
    const error = asMailmillError(thrown);
    note(`mailmill: ${error.message} [${error.code}]`);
    const { stack } = stackOf(error);
    if (stack !== undefined) io.stderr.write(`${stack}\n`);
    return exitCodes[error.family];
  } finally {
    await server.stop();
    unwatch();
  }
}

export const command: Command = {
  name: 'run',
  summary: 'run the pipelines of a directory on this machine',
  usage,
  run,
};
