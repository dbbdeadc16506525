import fs from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { dump } from 'js-yaml';
import { resolveSource } from '../api/resolve.ts';
import { createImapSource } from '../sources/imap/source.ts';
import { asMailmillError, exitCodes } from '../telemetry/errors.ts';
import type { Command, CommandIo } from './command.ts';
import { folderCounts, newest } from './try/look.ts';
import { askPassword, type Terminal } from './try/password.ts';
import { parseTarget, type Target } from './try/target.ts';

const usage = `usage: mailmill try imaps://USER@HOST[:PORT]/[FOLDER] [--ca FILE]
       mailmill try imap://USER@HOST[:PORT]/[FOLDER] [--plaintext]

Logs in to a mailbox and shows its folders with counts, the server's capabilities and the ten newest documents of a folder (INBOX)
as YAML. Writes nothing, marks nothing as read. The password comes from MAILMILL_PASSWORD, or is asked for.

  imaps://       TLS from the start (port 993)
  imap://        STARTTLS (port 143); without it nothing is sent
  --plaintext    with imap://: no encryption at all, password included
  --ca FILE      PEM certificates to trust instead of the public authorities

example: mailmill try imaps://anna%40example.org@imap.example.org/`;

/** Sentences of errors speak of resources; here there are none. */
const advice: Readonly<Record<string, string>> = {
  IMAP_AUTH_REJECTED: 'the server rejected user name or password',
  IMAP_LOGIN_DISABLED: 'the server takes no password without encryption: use imaps://, or leave out --plaintext',
  IMAP_TLS_FAILED:
    'no trusted TLS connection: check the port and imaps:// against imap://, and name your own authority with --ca FILE',
  IMAP_UNREACHABLE: 'the server cannot be reached: check host and port',
  FOLDER_GONE: 'there is no such folder',
};

const security = { Implicit: 'TLS', StartTLS: 'STARTTLS', None: 'none' } as const;

async function show(target: Target, password: string, ca: string | undefined, io: CommandIo): Promise<void> {
  const { host, port, mode, user, folder } = target;
  const { spec } = resolveSource({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name: 'try' },
    spec: {
      imap: {
        host,
        port,
        tls: { mode, ...(ca === undefined ? {} : { caSecretRef: { name: 'ca' } }) },
        auth: { secretRef: { name: 'login' } },
        folders: { include: ['**'] },
      },
    },
  });
  const secrets: Readonly<Record<string, string>> = { username: user, password, 'ca.crt': ca ?? '' };
  const source = await createImapSource({
    name: 'try',
    namespace: 'default',
    spec: spec.imap!,
    secret: async (_name, key) => secrets[key]!,
  });
  await using session = await source.open(user, io.signal);
  const print = (value: object) => io.stdout.write(dump(value, { lineWidth: 120, noRefs: true }));
  print({ server: `${host}:${port}`, encryption: security[mode], capabilities: [...session.capabilities].join(' ') });
  print({ folders: await folderCounts(session, io.signal) });
  const state = await session.select(folder, io.signal);
  print({ newest: { folder, documents: await newest(session, state, 10, io.signal) } });
}

function parse(args: readonly string[]) {
  const options = { plaintext: { type: 'boolean', default: false }, ca: { type: 'string' } } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (positionals.length !== 1) return { problem: 'expected one address' };
    const target = parseTarget(positionals[0]!, values.plaintext);
    return 'problem' in target ? target : { target, ca: values.ca };
  } catch (error) {
    // Node's message about an unknown option names it and says what to do.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function run(args: readonly string[], io: CommandIo, terminal: Terminal = process.stdin): Promise<number> {
  const wrong = (problem: string) => {
    io.stderr.write(`${problem}\n\n${usage}\n`);
    return 2;
  };
  const parsed = parse(args);
  if ('problem' in parsed) return wrong(parsed.problem);
  const { target } = parsed;
  let ca: string | undefined;
  try {
    ca = parsed.ca === undefined ? undefined : await fs.readFile(parsed.ca, 'utf8');
  } catch {
    return wrong(`cannot read ${parsed.ca}`);
  }
  let password = io.env.MAILMILL_PASSWORD;
  if (password === undefined && terminal.isTTY) {
    password = await askPassword(`Password of ${target.user}: `, terminal, io.stderr, io.signal);
    if (password === undefined) return 130;
  }
  if (!password) return wrong('set MAILMILL_PASSWORD: there is no terminal to ask for the password at');
  try {
    await show(target, password, ca, io);
    return 0;
  } catch (thrown) {
    const error = asMailmillError(thrown);
    if (error.code === 'INTERNAL') throw thrown;
    io.stderr.write(`mailmill: ${error.code}: ${advice[error.code] ?? error.message}\n`);
    return exitCodes[error.family];
  }
}

export const command: Command = { name: 'try', summary: 'look into a mailbox without writing anything', usage, run };
