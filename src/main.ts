import type { Command, CommandIo } from './commands/command.ts';
import { asMailmillError, exitCodes } from './telemetry/errors.ts';

const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {};

async function main(args: readonly string[]): Promise<number> {
  const name = args[0];
  const load = name === undefined ? undefined : commands[name];
  if (!load) {
    process.stderr.write(`usage: mailmill COMMAND …\ncommands: ${Object.keys(commands).join(', ')}\n`);
    return name === undefined || name === 'help' || name === '--help' ? 0 : 2;
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
    const error = asMailmillError(thrown);
    process.stderr.write(`mailmill: ${error.code}: ${error.message}\n`);
    if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
    return exitCodes[error.family];
  }
}

process.exitCode = await main(process.argv.slice(2));
