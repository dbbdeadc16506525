import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './free-port.ts';
import { eventually, processTree, signalProcess, waitForExit } from './processes.ts';

const run = promisify(execFile);

/**
 * Cyrus's imapd. Debian's package conflicts with Dovecot's, so it is unpacked beside it; what it shares with the other daemons is of
 * cyrus-common, which is installed.
 */
async function binaries(): Promise<string> {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'mailmill-cyrus');
  const bin = path.join(cache, 'usr/lib/cyrus/bin');
  if (fs.existsSync(path.join(bin, 'imapd'))) return bin;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-cyrus-'));
  try {
    fs.chmodSync(dir, 0o777); // apt downloads as another user
    await run('apt-get', ['-q', 'download', 'cyrus-imapd'], { cwd: dir });
    const file = fs.readdirSync(dir).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get download gave no package cyrus-imapd');
    await run('dpkg', ['-x', path.join(dir, file), cache]);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
  return bin;
}

export type Cyrus = Awaited<ReturnType<typeof startCyrus>>;

/** A Cyrus IMAP server of its own, which has OBJECTID, CONDSTORE and QRESYNC. Every password is right. */
export async function startCyrus() {
  const bin = await binaries();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-cyrus-'));
  const [port] = await freePorts(1);
  for (const sub of [
    'bin',
    'mail',
    'conf',
    ...['db', 'proc', 'socket', 'user', 'quota', 'log', 'msg', 'lock'].map((each) => `conf/${each}`),
  ])
    fs.mkdirSync(path.join(dir, sub), { recursive: true });
  fs.copyFileSync(path.join(bin, 'imapd'), path.join(dir, 'bin/imapd'));
  fs.chmodSync(path.join(dir, 'bin/imapd'), 0o755);
  fs.writeFileSync(
    path.join(dir, 'imapd.conf'),
    `configdirectory: ${dir}/conf
partition-default: ${dir}/mail
defaultpartition: default
allowplaintext: yes
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
conversations: yes
altnamespace: yes
unixhierarchysep: yes
`,
  );
  fs.writeFileSync(
    path.join(dir, 'cyrus.conf'),
    `START {
  recover cmd="ctl_cyrusdb -C ${dir}/imapd.conf -r"
}
SERVICES {
  imap cmd="${dir}/bin/imapd -C ${dir}/imapd.conf" listen="127.0.0.1:${port}" prefork=0
}
EVENTS {
}
`,
  );
  await run('chown', ['-R', 'cyrus:mail', dir]);
  fs.chmodSync(dir, 0o755);
  const master = spawn('cyrmaster', ['-D', '-C', `${dir}/imapd.conf`, '-M', `${dir}/cyrus.conf`, '-p', `${dir}/pid`], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const { pid } = master;
  if (pid === undefined) throw new Error('cyrmaster did not start');
  await eventually(() =>
    fs.readFileSync('/proc/net/tcp', 'latin1').includes(`:${port!.toString(16).toUpperCase().padStart(4, '0')} `),
  );
  return {
    host: '127.0.0.1',
    port: port!,
    tlsPort: port!,
    ca: '',
    /** Makes a user's folders; without INBOX a user has no namespace. */
    async makeUser(user: string, folders: readonly string[] = ['INBOX']): Promise<void> {
      const socket = net.connect(port!, '127.0.0.1');
      const lines = [`a LOGIN ${user} secret`, ...folders.map((folder) => `b CREATE ${folder}`), 'c LOGOUT', ''];
      let answer = '';
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1');
      });
      socket.write(lines.join('\r\n'));
      await once(socket, 'end');
      socket.destroy();
      const made = answer.match(/^b OK/gm)?.length ?? 0;
      if (made !== folders.length) throw new Error(`Cyrus made ${made} of ${folders.length} folders: ${answer}`);
    },
    async stop(): Promise<void> {
      const tree = processTree(pid);
      for (const each of tree) signalProcess(each, 'SIGKILL');
      for (const each of tree) await waitForExit(each);
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
