export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured facts of a log line. Never secrets, addresses or message content. */
export type LogFields = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/** One JSON object a line: time, level, msg, fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines carry these fields as well. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  readonly stream: Pick<NodeJS.WritableStream, 'write'>;
  readonly clock?: () => Date;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLogger(options: LoggerOptions, bound: LogFields = {}): Logger {
  const clock = options.clock ?? (() => new Date());
  const minimum = order[options.level ?? 'info'];
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (order[level] < minimum) return;
    const line = { time: clock().toISOString(), level, msg: message, ...bound, ...fields };
    options.stream.write(
      `${JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`,
    );
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => createLogger(options, { ...bound, ...fields }),
  };
}

/** Drops everything; for callers that have nowhere to write. */
export const silentLogger: Logger = createLogger({ stream: { write: () => true } });
