import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeCertificates } from './certificates.ts';
import { dovecotConfig, oauth2Config } from './dovecot-config.ts';
import { freePorts } from './free-port.ts';
import { eventually, isAlive, processTree, signalProcess, waitForExit } from './processes.ts';

const run = promisify(execFile);

export interface DovecotOptions {
  /** Default true: STARTTLS on `port` and implicit TLS on `tlsPort`, with a certificate of our own authority. */
  readonly tls?: boolean;
  /** Kept after stop() when given; default: a new one under the system's temp directory, removed by stop(). */
  readonly dir?: string;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  readonly ports?: { readonly plain: number; readonly tls: number };
  /** Names and addresses in the certificate beside localhost, 127.0.0.1 and `host`. */
  readonly names?: readonly string[];
  readonly maxUserIpConnections?: number;
  /** Hierarchy separator; default '/'. */
  readonly separator?: string;
  /** Takes access tokens (XOAUTH2, OAUTHBEARER), which it asks about at this address. */
  readonly introspectionUrl?: string;
  /** All tokens belong to this user, an application, whatever mailbox is named; there are no other logins then. */
  readonly application?: string;
  /** Administrators and their passwords: they log in for others, by authorization identity or as `user*administrator`. */
  readonly masters?: Readonly<Record<string, string>>;
  /** Only clients with a certificate of `ca` may log in; client.crt and client.key beside the server's are one. */
  readonly clientCertificates?: boolean;
  /** Sessions at the same time, where they are more than a few hundred. */
  readonly sessions?: number;
}

export type Dovecot = Awaited<ReturnType<typeof startDovecot>>;

/** Of a process, as its title; empty when it is gone. */
function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Modified UTF-7 (RFC 3501 §5.1.3), as Maildir++ names folders on disk. */
const mutf7 = (name: string): string =>
  name.replaceAll('&', '&-').replace(/[^\x20-\x7e]+/g, (run) => {
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });

/**
 * A Dovecot of its own (Debian's dovecot-imapd, as root), serving Maildirs under a directory. Users exist once something
 * is delivered to them or `setPassword` names them; the first password is `secret`. Each of several instances has its own ports.
 */
export async function startDovecot(options: DovecotOptions = {}) {
  const dir = options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-dovecot-'));
  const host = options.host ?? '127.0.0.1';
  const tls = options.tls ?? true;
  const { plain: port, tls: tlsPort } =
    options.ports ?? (([plain, secure]) => ({ plain: plain!, tls: secure! }))(await freePorts(2, host));
  const [uid, gid] = (await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'mail'])))).map((r) =>
    Number(r.stdout),
  ) as [number, number];

  for (const sub of ['', 'run', 'state', 'mail']) {
    fs.mkdirSync(path.join(dir, sub), { recursive: true });
    fs.chmodSync(path.join(dir, sub), 0o755);
  }
  fs.chownSync(path.join(dir, 'mail'), uid, gid);
  const names = ['localhost', '127.0.0.1', ...(host === '127.0.0.1' ? [] : [host]), ...(options.names ?? [])];
  const ca = tls ? (await makeCertificates(path.join(dir, 'tls'), names)).ca : '';
  const {
    maxUserIpConnections = 100,
    separator = '/',
    introspectionUrl,
    application,
    masters,
    clientCertificates,
    sessions,
  } = options;
  if (introspectionUrl !== undefined) fs.writeFileSync(path.join(dir, 'oauth2.conf'), oauth2Config(introspectionUrl));
  const lines = Object.entries(masters ?? {}).map(([name, password]) => `${name}:{PLAIN}${password}::::::\n`);
  if (masters) fs.writeFileSync(path.join(dir, 'masters'), lines.join(''));
  const logins = { introspectionUrl, application, masters: masters !== undefined, clientCertificates, sessions };
  const config = { dir, host, port, tlsPort, uid, gid, tls, maxUserIpConnections, separator, ...logins };
  fs.writeFileSync(path.join(dir, 'dovecot.conf'), dovecotConfig(config));

  const passwords = new Map<string, string>();
  fs.mkdirSync(path.join(dir, 'passwd'), { recursive: true });
  const writePassword = (user: string, password: string) => {
    passwords.set(user, password);
    const file = path.join(dir, 'passwd', user);
    fs.writeFileSync(`${file}.new`, `${user}:{PLAIN}${password}::::::\n`);
    // Dovecot notices a change by whole seconds of mtime and by size: each version gets a second of its own.
    passwdTime += 1;
    fs.utimesSync(`${file}.new`, passwdTime, passwdTime);
    fs.renameSync(`${file}.new`, file);
  };
  let passwdTime = Math.floor(Date.now() / 1000) - 100_000;

  const pidFile = path.join(dir, 'run', 'master.pid');
  let master = 0;
  const up = async () => {
    // No pipes: the daemon would keep them open and execFile would wait for its end.
    const starter = spawn('dovecot', ['-c', path.join(dir, 'dovecot.conf')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = await once(starter, 'exit');
    if (code !== 0) throw new Error(`dovecot exited with ${code}; see ${dir}/log`);
    // The file is there before its content is.
    master = await eventually(() => (fs.existsSync(pidFile) && Number(fs.readFileSync(pidFile, 'utf8'))) || undefined);
  };
  const down = async () => {
    if (master === 0) return;
    const tree = processTree(master);
    for (const pid of tree) signalProcess(pid, 'SIGCONT');
    signalProcess(master, 'SIGTERM');
    await waitForExit(master);
    master = 0;
    // Helpers may idle on for a minute after their master.
    await eventually(() => !tree.some(isAlive), 300).catch(() => {
      for (const pid of tree) signalProcess(pid, 'SIGKILL');
    });
    for (const pid of tree) await waitForExit(pid);
  };
  await up();
  const onExit = () => master !== 0 && signalProcess(master, 'SIGTERM');
  process.once('exit', onExit);

  const mailDir = (user: string, folder = 'INBOX') =>
    path.join(dir, 'mail', user, folder === 'INBOX' ? '' : `.${mutf7(folder).replaceAll('/', '.')}`);

  const own = (file: string) => fs.chownSync(file, uid, gid);
  const makeFolder = (user: string, folder: string) => {
    if (!passwords.has(user)) writePassword(user, 'secret');
    for (const sub of ['.', 'tmp', 'new', 'cur']) {
      const target = path.join(mailDir(user, folder), sub);
      const first = fs.mkdirSync(target, { recursive: true });
      if (first === undefined) continue;
      for (let made = target; made.length >= first.length; made = path.dirname(made)) own(made);
    }
    return mailDir(user, folder);
  };
  let delivered = 0;
  const deliver = (
    user: string,
    folder: string,
    raw: Buffer | string,
    extra: { readonly internalDate?: Date } = {},
  ): string => {
    const target = makeFolder(user, folder);
    // Dovecot numbers new files by second and microsecond: here, in the order of delivery.
    const micros = String(++delivered).padStart(6, '0');
    const name = `${Math.floor(Date.now() / 1000)}.M${micros}P${process.pid}.test`;
    const tmp = path.join(target, 'tmp', name);
    fs.writeFileSync(tmp, raw);
    own(tmp);
    if (extra.internalDate) fs.utimesSync(tmp, extra.internalDate, extra.internalDate);
    fs.renameSync(tmp, path.join(target, 'new', name));
    return name;
  };

  return {
    dir,
    host,
    /** Plain text, and STARTTLS unless `tls: false`. */
    port,
    /** Implicit TLS. */
    tlsPort,
    /** PEM of the authority that signed the server's certificate. */
    ca,
    /** Directory of ca.crt, server.crt and server.key, client.crt and client.key. */
    certificates: path.join(dir, 'tls'),
    logFile: path.join(dir, 'log'),
    /** The folder's Maildir on disk. */
    mailDir,
    /** Creates user (password `secret` unless set before) and folder when they are missing. */
    makeFolder,
    /** Puts a message into `new` of a folder (`/` between levels); returns the file's name. IDLE sees it. */
    deliver,
    /** Takes over a Maildir that was written into mailDir(user, …) by someone else: creates the user, sets owners. */
    async adopt(user: string): Promise<void> {
      makeFolder(user, 'INBOX');
      await run('chown', ['-R', `${uid}:${gid}`, mailDir(user)]);
    },
    /** Creates the user or changes its password; effective for logins after the returned promise. */
    async setPassword(user: string, password: string): Promise<void> {
      writePassword(user, password);
      makeFolder(user, 'INBOX');
      // Dovecot looks at the file at most once a second of its clock.
      await sleep(1050 - (Date.now() % 1000));
    },
    /**
     * Gives the folder another UIDVALIDITY and keeps its mail; with `renumber`, UIDs start at 1 again in file order.
     * Sessions that have it open notice when they open it again.
     */
    async newEpoch(user: string, folder = 'INBOX', { renumber = true } = {}): Promise<bigint> {
      const target = mailDir(user, folder);
      const list = path.join(target, 'dovecot-uidlist');
      const [header = '', ...lines] = await eventually(
        () => fs.existsSync(list) && fs.readFileSync(list, 'latin1').split('\n'),
      );
      const old = /^3 V(\d+) N(\d+)(.*)$/.exec(header);
      if (!old) throw new Error(`unexpected dovecot-uidlist header: ${header}`);
      const epoch = BigInt(old[1]!) + 1n;
      const entries = lines.filter((line) => line !== '');
      const kept = renumber ? entries.map((line, i) => line.replace(/^\d+/, String(i + 1))) : entries;
      const next = renumber ? kept.length + 1 : Number(old[2]);
      fs.writeFileSync(`${list}.test`, [`3 V${epoch} N${next}${old[3]}`, ...kept, ''].join('\n'), 'latin1');
      own(`${list}.test`);
      // Dovecot may be renaming one of them at this moment.
      for (const file of fs.readdirSync(target))
        if (file.startsWith('dovecot.index')) fs.rmSync(path.join(target, file), { force: true });
      fs.renameSync(`${list}.test`, list);
      return epoch;
    },
    /** Logins of a user that succeeded since the server's start. */
    logins: (user: string): number =>
      fs
        .readFileSync(path.join(dir, 'log'), 'utf8')
        .split('\n')
        .filter((line) => line.includes(`Login: user=<${user}>`)).length,
    /** Ends all sessions of a user. */
    async kick(user: string): Promise<void> {
      await run('doveadm', ['-c', path.join(dir, 'dovecot.conf'), 'kick', user]);
    },
    /** Processes whose title, which tells of `sessions`, says that they are in IDLE. */
    idling: (): number => processTree(master).filter((pid) => / IDLE\b/.test(commandLine(pid))).length,
    /** Established TCP connections to this server, logged in or not. */
    connections(): number {
      const ports = new Set([port, tlsPort].map((p) => p.toString(16).toUpperCase().padStart(4, '0')));
      const lines = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
      return lines.filter((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        return state === '01' && ports.has(local?.split(':')[1] ?? '');
      }).length;
    },
    /** Stops answering (SIGSTOP) without closing a connection. */
    pause(): void {
      for (const pid of processTree(master)) signalProcess(pid, 'SIGSTOP');
    },
    resume(): void {
      for (const pid of processTree(master)) signalProcess(pid, 'SIGCONT');
    },
    /** Ends the server and all its sessions; `start` brings it back on the same ports with the same mail. */
    down,
    start: up,
    async restart(): Promise<void> {
      await down();
      await up();
    },
    async stop(): Promise<void> {
      process.off('exit', onExit);
      const tree = master === 0 ? [] : processTree(master);
      for (const pid of tree) signalProcess(pid, 'SIGKILL');
      for (const pid of tree) await waitForExit(pid);
      master = 0;
      if (options.dir === undefined) fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
