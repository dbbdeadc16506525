import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePorts } from './free-port.ts';
import { eventually, processTree, signalProcess, waitForExit } from './processes.ts';
import { send } from './smtp-client.ts';

export type Postfix = Awaited<ReturnType<typeof startPostfix>>;

const mainConfig = (dir: string, transport: string, more: readonly string[]) => `
compatibility_level = 3.6
queue_directory = ${dir}/queue
data_directory = ${dir}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${dir}/log
maillog_file_prefixes = ${dir}
myhostname = mta.example.org
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
default_transport = ${transport}
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_retry_time = 1s
${more.join('\n')}
`;

const services = (port: number) => `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/**
 * A Postfix of its own (Debian's, as root) with its own queue, that takes mail at a loopback port and hands all of it to `transport`, such as
 * `lmtp:inet:127.0.0.1:2525`. It tries again every second.
 */
export async function startPostfix(transport: string, more: readonly string[] = []) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-postfix-'));
  fs.chmodSync(dir, 0o755);
  const [port] = await freePorts(1);
  const config = path.join(dir, 'etc');
  for (const sub of ['etc', 'queue', 'data']) fs.mkdirSync(path.join(dir, sub));
  fs.writeFileSync(path.join(config, 'main.cf'), mainConfig(dir, transport, more));
  fs.writeFileSync(path.join(config, 'master.cf'), services(port!));
  const owner = fs.readFileSync('/etc/passwd', 'utf8').match(/^postfix:[^:]*:(\d+):(\d+)/m);
  if (!owner) throw new Error('there is no user postfix: Postfix is not installed');
  fs.chownSync(path.join(dir, 'data'), Number(owner[1]), Number(owner[2]));
  let said = '';
  const master: ChildProcess = spawn('/usr/sbin/postfix', ['-c', config, 'start-fg'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [master.stdout, master.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const log = () => `${said}${fs.existsSync(`${dir}/log`) ? fs.readFileSync(`${dir}/log`, 'utf8') : ''}`;
  const exited = once(master, 'exit');
  await eventually(() => {
    if (master.exitCode !== null) throw new Error(`Postfix did not start:\n${log()}`);
    return /daemon started/.test(log());
  });
  /** Messages that are not delivered and not returned. */
  const queued = () =>
    ['maildrop', 'incoming', 'active', 'deferred', 'hold'].reduce(
      (sum, name) =>
        sum +
        fs
          .readdirSync(path.join(dir, 'queue', name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile()).length,
      0,
    );
  return {
    port: port!,
    log,
    queued,
    /** Hands a message to Postfix, which has it in its queue then. */
    submit: async (raw: Buffer, recipients: readonly string[]) => {
      const [reply] = await send(port!, raw, recipients);
      if (!reply?.startsWith('250')) throw new Error(`Postfix did not take it: ${reply}`);
    },
    /** Waits until everything is delivered. */
    empty: (ms = 60_000) => eventually(() => queued() === 0, ms),
    stop: async () => {
      const tree = master.pid === undefined ? [] : processTree(master.pid);
      for (const pid of tree) signalProcess(pid, 'SIGTERM');
      await exited;
      for (const pid of tree) await waitForExit(pid);
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
