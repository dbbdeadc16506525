import type { LogFields, Logger } from '../../telemetry/log.ts';

const quietMs = 60_000;

/**
 * A logger that tells a person about warnings and errors, one line each: what, where, what to do. The same line comes at most once a
 * minute: it is tried again and again.
 */
export function noticeLogger(note: (line: string) => void, clock: () => number): Logger {
  const told = new Map<string, number>();
  const bound = (fields: LogFields): Logger => {
    const tell = (message: string, more: LogFields = {}) => {
      const { pipeline, source, sink, code } = { ...fields, ...more };
      const where = [pipeline, source ?? sink].filter((part) => part !== undefined).join(', ');
      const line = `! ${where ? `${where}: ` : ''}${message}${code === undefined ? '' : ` [${code}]`}`;
      const now = clock();
      if (now - (told.get(line) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
      told.set(line, now);
      note(line);
    };
    return {
      debug: () => undefined,
      info: () => undefined,
      warn: tell,
      error: tell,
      with: (more) => bound({ ...fields, ...more }),
    };
  };
  return bound({});
}
