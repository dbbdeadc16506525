import { asMailmillError, stackOf } from '../telemetry/errors.ts';
import { type LogFields, type Logger, silentLogger } from '../telemetry/log.ts';

/** What this folder needs of a logger. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn'>;

export const silent: Log = silentLogger;

/** An error as fields of a log line. */
export function told(thrown: unknown): LogFields {
  const error = asMailmillError(thrown);
  return { code: error.code, error: error.message, ...stackOf(error) };
}
