import { parseArgs } from 'node:util';
import { defaultStateDirectory } from './embedded-postgres.ts';

export const usage = `usage: mailmill run DIR [--once] [--json] [--store URI] [--state DIR] [--secrets DIR] [--port N] [--listen HOST] [--verbose]

Runs the pipelines in DIR on this machine, in one process: streaming ones until you press Ctrl-C, scheduled ones at their times. What
they did is remembered, so that the next start goes on where this one ended.

  --once          run every pipeline until it has caught up, then end
  --json          print a summary as one JSON line on stdout at the end
  --store URI     PostgreSQL that keeps the state; default: MAILMILL_STORE_URI, else the Secret that storeRef names, else an
                  embedded server
  --state DIR     where the embedded server keeps its data (default: a directory of its own for each DIR)
  --listen HOST   address that smtp and http sources listen at (default 127.0.0.1; 0.0.0.0: every one)
  --secrets DIR   directory of <secret>/<key> files, beside the kind: Secret objects in DIR
  --port N        port of /metrics, /healthz and /readyz on 127.0.0.1 (default 9465, or a free one when that is taken; 0: none)
  --verbose       JSON logs on stderr instead of the progress lines

A Secret that a PostgreSQL sink names and nobody has stands for a database of that name on the embedded server. Exit codes: 0 done,
1 a resource is wrong, 2 wrong usage, 75 try again later, 78 a person must act.

example: mailmill run manifests/samples/demo --once`;

export interface Options {
  readonly directory: string;
  readonly once: boolean;
  readonly json: boolean;
  readonly store: string | undefined;
  readonly state: string;
  readonly secrets: string | undefined;
  readonly listen: string;
  /** 0: none; undefined: any, best the default. */
  readonly port: number | undefined;
  readonly demo: boolean;
  readonly verbose: boolean;
}

const flags = {
  once: { type: 'boolean' },
  json: { type: 'boolean' },
  store: { type: 'string' },
  state: { type: 'string' },
  secrets: { type: 'string' },
  port: { type: 'string' },
  listen: { type: 'string' },
  demo: { type: 'boolean' },
  verbose: { type: 'boolean' },
} as const;

/** The command line, or what is wrong with it. */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | { readonly wrong: string } {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  const [directory, ...more] = positionals;
  if (directory === undefined) return { wrong: 'which directory? DIR is missing' };
  if (more.length > 0) return { wrong: `one directory at a time, not also ${more.join(' ')}` };
  if (values.port !== undefined && !(/^\d+$/.test(values.port) && Number(values.port) <= 65_535))
    return { wrong: `--port ${values.port} is no port (0 to 65535)` };
  return {
    directory,
    once: values.once ?? false,
    json: values.json ?? false,
    store: values.store ?? env.MAILMILL_STORE_URI,
    state: values.state ?? defaultStateDirectory(directory, env),
    secrets: values.secrets,
    listen: values.listen ?? '127.0.0.1',
    port: values.port === undefined ? undefined : Number(values.port),
    demo: values.demo ?? false,
    verbose: values.verbose ?? false,
  };
}
