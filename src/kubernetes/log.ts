import { asMailmillError } from '../telemetry/errors.ts';
import { type LogFields, type Logger, silentLogger } from '../telemetry/log.ts';

/** What this folder needs of a logger. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn'>;

export const silent: Log = silentLogger;

/**
 * An error as fields of a log line. Of an unexpected one the frames of its stack say where to look; its own words are
 * left out, they may quote anything.
 */
export function told(thrown: unknown): LogFields {
  const { code, message, cause } = asMailmillError(thrown);
  if (code !== 'INTERNAL' || !(cause instanceof Error)) return { code, error: message };
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { code, error: message, stack: frames.map((line) => line.trim()).join('; ') };
}
