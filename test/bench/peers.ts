import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { prepare } from '../static/machine.ts';
import { attachments, spamAssassin, writeMaildir } from '../support/corpus.ts';
import { type Corpus, corpora, type Round, summary } from './peers-summary.ts';
import { buildApp } from './startup-app.ts';

export interface PeersOptions {
  /** One corpus in full; the other one is cut to a hundred messages and left out of the result. */
  readonly only: Corpus | undefined;
  /** Measured rounds after the warm-up. */
  readonly runs: number;
  /** Names of peers beside ours; undefined: all. */
  readonly peers: string | undefined;
}

const root = new URL('../..', import.meta.url).pathname;
const folder = new URL('peers/', import.meta.url).pathname;
const script = path.join(root, '../shared/peers/run.sh');
const note = (line: string) => void process.stderr.write(`${line}\n`);

/** Debian packages by a command that works where they, or something as good, are there. */
const needed = [
  { try: 'dovecot --version', install: 'dovecot-imapd' },
  { try: 'mbsync --version', install: 'isync' },
  { try: 'javac -version', install: 'default-jdk-headless' },
  { try: 'mvn --version', install: 'maven' },
  { try: 'python3 -m venv --help && python3 -m ensurepip --version', install: 'python3-venv' },
  { try: '/usr/bin/time -V', install: 'time' },
] as const;

const succeeds = (command: string) => spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0;

function* first<T>(count: number, of: Iterable<T>): Generator<T> {
  let taken = 0;
  for (const each of of) {
    if (taken++ === count) return;
    yield each;
  }
}

/** Downloads and mailboxes; outside of the checkout, and readable for the users that PostgreSQL and Dovecot run as. */
function workFolder(only: Corpus | undefined): string {
  const cache = process.env.WORK ?? '/var/cache/mailmill/peers';
  const work = only === undefined ? cache : path.join(cache, `only-${only}`);
  fs.mkdirSync(work, { recursive: true });
  const mail = path.join(work, 'dovecot/mail');
  if (only !== undefined && !fs.existsSync(path.join(mail, 'attach'))) {
    const all = Number.POSITIVE_INFINITY;
    writeMaildir(path.join(mail, 'bench'), first(only === 'small' ? all : 100, spamAssassin()));
    writeMaildir(path.join(mail, 'attach'), first(only === 'large' ? all : 100, attachments()));
  }
  return work;
}

async function runScript(work: string, program: string, times: string, options: PeersOptions): Promise<void> {
  const quoted = (file: string) => `'${file.replaceAll("'", `'\\''`)}'`;
  const child = spawn('sh', [script], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      WORK: work,
      N: String(options.runs),
      ...(options.peers !== undefined && { ONLY: `${options.peers},mailmill` }),
      EXTRA: `mailmill=exec sh ${quoted(path.join(folder, 'mailmill.sh'))}`,
      EXTRA_SETUP: `exec ${quoted(process.execPath)} ${quoted(path.join(folder, 'setup.ts'))}`,
      MAILMILL_NODE: process.execPath,
      MAILMILL_PROGRAM: program,
      MAILMILL_TIMES: times,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${code}; its output above says why`);
}

/**
 * Runs the peers' own benchmark with Mailmill, compiled as in the image, as the extra peer; prints its table and a JSON line. Installs what
 * is missing, on Debian as root. Returns why it could not run, if so.
 *
 * @throws when a pass of ours was void.
 */
export async function peersBench(options: PeersOptions): Promise<string | undefined> {
  if (!fs.existsSync(script))
    return `${path.resolve(script)} is missing: the peers are kept beside the checkout, in ../shared/peers`;
  const packages = needed.flatMap(({ try: command, install }) => (succeeds(command) ? [] : install));
  const commands = ['dovecot', 'mbsync', 'javac', 'mvn', 'python3'];
  const missing = await prepare({ packages, commands, root: true }, note);
  if (missing.length > 0) return `the peers cannot run here: ${missing.join('; ')}`;
  const work = workFolder(options.only);
  const program = await buildApp(path.join(work, 'mailmill'));
  const times = path.join(work, 'mailmill-times');
  fs.rmSync(times, { recursive: true, force: true });
  fs.mkdirSync(times);
  await runScript(work, program, times, options);
  const rounds = JSON.parse(fs.readFileSync(path.join(work, 'results.json'), 'utf8')) as readonly Round[];
  const line: Record<string, unknown> = { name: 'peers' };
  for (const [corpus, user] of Object.entries(corpora)) {
    if (options.only !== undefined && options.only !== corpus) continue;
    const messages = fs.readdirSync(path.join(work, 'dovecot/mail', user, 'cur')).length;
    line[corpus] = summary(rounds, user, messages, startUps(times, user));
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return undefined;
}

/** Seconds from the start of our process to its first FETCH, of each full pass. */
function startUps(times: string, user: string): readonly number[] {
  return fs
    .readdirSync(times)
    .filter((name) => name.startsWith(`${user}.full.`))
    .map((name) => {
      const { started, firstFetch } = JSON.parse(fs.readFileSync(path.join(times, name), 'utf8')) as {
        readonly started: number;
        readonly firstFetch: number;
      };
      return (firstFetch - started) / 1000;
    });
}
