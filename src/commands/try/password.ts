/** A terminal to type at: `process.stdin`, when somebody sits there. */
export interface Terminal extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
}

/** Reads a line without showing it; undefined when the person gives up (Ctrl-C, Ctrl-D, the signal). */
export async function askPassword(
  question: string,
  terminal: Terminal,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<string | undefined> {
  output.write(question);
  terminal.setRawMode?.(true);
  try {
    return await new Promise((resolve) => {
      let typed = '';
      const finish = (password: string | undefined) => {
        terminal.off('data', onData);
        signal.removeEventListener('abort', onAbort);
        resolve(password);
      };
      const onAbort = () => finish(undefined);
      const onData = (chunk: Buffer | string) => {
        for (const key of chunk.toString()) {
          if (key === '\r' || key === '\n') return finish(typed);
          if (key === '\u0003' || key === '\u0004') return finish(undefined);
          typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key;
        }
      };
      terminal.on('data', onData);
      terminal.once('end', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      terminal.resume();
    });
  } finally {
    terminal.setRawMode?.(false);
    terminal.pause();
    output.write('\n');
  }
}
