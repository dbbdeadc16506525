import type { Command, CommandIo } from './commands/command.ts';
import { asMailmillError, exitCodes } from './telemetry/errors.ts';

const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  run: () => import('./commands/run.ts'),
  validate: () => import('./commands/validate.ts'),
  try: () => import('./commands/try.ts'),
  parse: () => import('./commands/parse.ts'),
  reconcile: () => import('./commands/reconcile.ts'),
  trace: () => import('./commands/trace.ts'),
  dead: () => import('./commands/dead.ts'),
  archive: () => import('./commands/archive.ts'),
  purge: () => import('./commands/purge.ts'),
  migrate: () => import('./commands/migrate.ts'),
  kubectl: () => import('./commands/kubectl.ts'),
  worker: () => import('./commands/worker.ts'),
  collector: () => import('./commands/collector.ts'),
  operator: () => import('./commands/operator.ts'),
};

const help = `usage: mailmill COMMAND …   (mailmill COMMAND --help says more)

  run        run the pipelines of a directory on this machine
  validate   check resources in files without a cluster
  try        look into a mailbox without writing anything
  parse      print one message as pipelines see it, or its structure
  reconcile  compare a mailbox with what was recorded of it
  trace      say where a message is
  dead       show or resolve dead letters, or let a pipeline go on after many
  archive    verify the archives of sources; put messages on hold
  purge      erase what the store holds of a pipeline or a source
  migrate    bring a store's schema up to date
  kubectl    look at pipelines in a cluster: kubectl mailmill
  worker     run one revision of a pipeline (the operator starts it)
  collector  take the mail of an smtp or http source in (the operator starts it)
  operator   turn resources into workers (the Helm chart starts it)
`;

/** An option that `parseArgs` does not know, or one without its value. */
const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');

async function main(args: readonly string[]): Promise<number> {
  const name = args[0];
  const load = name === undefined ? undefined : commands[name];
  if (!load) {
    const asked = name === undefined || name === 'help' || name === '--help';
    (asked ? process.stdout : process.stderr).write(asked ? help : `mailmill: there is no command ${name}\n\n${help}`);
    return asked ? 0 : 2;
  }
  const stop = new AbortController();
  for (const event of ['SIGINT', 'SIGTERM'] as const) process.on(event, () => stop.abort(event));
  const io: CommandIo = { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop.signal };
  const { command } = await load();
  const rest = args.slice(1);
  if (rest.includes('--help')) {
    process.stdout.write(`${command.usage}\n`);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (thrown) {
    if (isUsageError(thrown)) {
      process.stderr.write(`mailmill ${name}: ${thrown.message}\n\n${command.usage}\n`);
      return 2;
    }
    const error = asMailmillError(thrown);
    process.stderr.write(`mailmill: ${error.code}: ${error.message}\n`);
    if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
    return exitCodes[error.family];
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader went away, as in `mailmill parse … | head`: ends as SIGPIPE ends other programs.
  if (error.code === 'EPIPE') process.exit(141);
  process.stderr.write(`mailmill: the output cannot be written (${error.code}); make room, or write it elsewhere\n`);
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2));
