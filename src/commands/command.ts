/** What a command may touch of its surroundings. */
export interface CommandIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM: end in order, soon. */
  readonly signal: AbortSignal;
}

/** One verb of the command line. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Help text: synopsis, options, examples. */
  readonly usage: string;
  /** Runs to the end and returns the exit code: 0 done, 1 the answer is no, 2 wrong usage, else `exitCodes`. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}
