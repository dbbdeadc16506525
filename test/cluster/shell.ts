import { spawn } from 'node:child_process';

export interface ShellOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** A finished program. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code; throws only when it cannot be started. */
export function finish(command: string, args: readonly string[], options: ShellOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      signal: options.signal,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
    child.stdin?.on('error', () => undefined); // the program ended without reading; its exit code tells
    child.stdin?.end(options.input);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(chunks.stdout).toString(),
        stderr: Buffer.concat(chunks.stderr).toString(),
      }),
    );
  });
}

/** Standard output of a program that must succeed; the error holds the end of its standard error. */
export async function output(command: string, args: readonly string[], options: ShellOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await finish(command, args, options);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-4000);
  throw new Error(`${command} ${args.join(' ').slice(0, 300)}: exit code ${code}\n${said}`);
}

/** Runs a program that must succeed, for its effect. */
export async function run(command: string, args: readonly string[], options: ShellOptions = {}): Promise<void> {
  await output(command, args, options);
}
