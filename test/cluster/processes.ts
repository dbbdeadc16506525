import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Boot-relative start time of a process, or undefined when it is gone or a zombie. With the pid it names one process for ever. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined; // gone
  }
}

interface Recorded {
  readonly pid: number;
  readonly started: string;
}

function recorded(file: string): Recorded | undefined {
  if (!existsSync(file)) return undefined;
  const [pid, started] = readFileSync(file, 'utf8').trim().split(' ');
  return pid && started ? { pid: Number(pid), started } : undefined;
}

/** Whether the process that a pid file names still runs. */
export function lives(file: string): boolean {
  const process = recorded(file);
  return process !== undefined && startTime(process.pid) === process.started;
}

/** Writes the pid file of a process that runs now. */
export function record(file: string, pid: number): void {
  writeFileSync(file, `${pid} ${startTime(pid) ?? ''}\n`);
}

/** Starts a program in a process group of its own: output in NAME.log, pid in NAME.pid of `directory`. It outlives this process. */
export function startProcess(
  directory: string,
  name: string,
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): void {
  const log = openSync(join(directory, `${name}.log`), 'a');
  const [program, ...args] = command;
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env });
  closeSync(log);
  child.on('error', (error) => {
    throw new Error(`cannot start ${name}`, { cause: error });
  });
  if (child.pid !== undefined) record(join(directory, `${name}.pid`), child.pid);
  child.unref();
}

/** Ends the process group of a pid file: SIGTERM, then SIGKILL after `seconds`. */
export async function stopProcess(directory: string, name: string, seconds = 5): Promise<void> {
  const file = join(directory, `${name}.pid`);
  const process_ = recorded(file);
  if (process_ && lives(file)) {
    signalGroup(process_.pid, 'SIGTERM');
    for (const end = Date.now() + seconds * 1000; lives(file) && Date.now() < end; ) await delay(50);
    if (lives(file)) signalGroup(process_.pid, 'SIGKILL');
  }
  rmSync(file, { force: true });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** Names of the pid files of a directory. */
export function recordedNames(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => file.slice(0, -'.pid'.length));
}
