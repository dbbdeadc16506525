import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** The last lines of what a program says, so that an error can quote it. */
export class LastWords {
  #text = '';

  add(chunk: Buffer): void {
    this.#text = (this.#text + chunk.toString()).slice(-4_096);
  }

  toString(): string {
    const lines = this.#text.split('\n').filter((line) => line.trim() !== '');
    return lines.slice(-4).join(' ').slice(-600);
  }
}

/** Resolves with the exit code, or the signal, once a child has ended and all it said was read; rejects when it could not be started. */
export function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1));
  });
}

/** Runs a program to its end. `code` is undefined when it could not be started; then `words` has the system's reason. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<{ readonly code: number | NodeJS.Signals | undefined; readonly words: string }> {
  const words = new LastWords();
  try {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => words.add(chunk));
    return { code: await exitOf(child), words: words.toString() };
  } catch (error) {
    return { code: undefined, words: error instanceof Error ? error.message : String(error) };
  }
}
