import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually, isAlive, signalProcess, waitForExit } from '../support/processes.ts';
import { rowCount, rowsReach, sql } from '../support/worker.ts';
import {
  maildir,
  pipeline,
  pipelineRun,
  run,
  type Standalone,
  secret,
  startRun,
  type TestProject,
  testProject,
} from './run/standalone.ts';

const projects: TestProject[] = [];
const running: Standalone[] = [];
const project = (objects: readonly object[]) => {
  const made = testProject(objects);
  projects.push(made);
  return made;
};
const start = (...args: Parameters<typeof startRun>) => {
  const started = startRun(...args);
  running.push(started);
  return started;
};
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.kill('SIGKILL');
    await each.exited;
  }
  for (const each of projects.splice(0)) {
    await serverEnded(each);
    each.remove();
  }
});

const pidFile = (of: TestProject) => path.join(of.state, 'cluster', 'postmaster.pid');
const serverPid = (of: TestProject) => Number(fs.readFileSync(pidFile(of), 'utf8').split('\n')[0]);
async function serverEnded(of: TestProject): Promise<void> {
  if (fs.existsSync(pidFile(of))) await waitForExit(serverPid(of)).catch(() => undefined);
}
/** Waits until the sink table has its first row; returns the database's URI. */
const oneRow = (of: TestProject) =>
  eventually(async () => {
    if (!fs.existsSync(pidFile(of))) return undefined;
    const uri = of.uri('warehouse');
    const count = await rowCount(uri).catch(() => undefined); // the server is starting, or has no such database yet
    return count?.rows === 1 && uri;
  }, 30_000);
const summary = (stdout: string) => {
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, number>;
};

describe('with the embedded server', () => {
  test('--once --json delivers everything and keeps what it did for the next run', async () => {
    const p = project([maildir(), pipeline()]);
    for (const name of ['a', 'b', 'c']) p.deliver(name);
    const args = [p.directory, '--once', '--json', '--state', p.state];
    const first = await run(args);
    expect(first).toMatchObject({ code: 0 });
    expect(summary(first.stdout)).toEqual({ messages: 3, rows: 3, dead: 0, seconds: expect.any(Number) });
    expect(first.stderr).toMatch(/^mail +done +.* delivered +3 /m);

    p.deliver('d');
    const second = await run(args);
    expect(summary(second.stdout)).toMatchObject({ messages: 4, rows: 4, dead: 0 });
    expect(second.stderr).toMatch(/^mail +done +.* delivered +1 /m);
    expect(fs.existsSync(pidFile(p))).toBe(false);
  });

  test('streams: a new file becomes a row, an EmailPipelineRun is done, Ctrl-C ends it all with 0', async () => {
    const p = project([maildir(), pipeline(), pipelineRun('check-1')]);
    p.deliver('a');
    const [port] = await freePorts(1);
    const mill = start([p.directory, '--state', p.state, '--port', String(port)]);
    const warehouse = await oneRow(p);
    const arrived = Date.now();
    p.deliver('b');
    await rowsReach(warehouse, 2, 5_000);
    expect(Date.now() - arrived).toBeLessThan(5_000);

    const http = (target: string) => fetch(`http://127.0.0.1:${port}${target}`);
    expect((await http('/healthz')).status).toBe(200);
    expect((await http('/readyz')).status).toBe(200);
    expect((await http('/other')).status).toBe(404);
    expect(await (await http('/metrics')).text()).toMatch(
      /^mailmill_messages_total\{namespace="default",pipeline="mail",source="box",outcome="processed"\} 2$/m,
    );
    await eventually(async () => {
      const runs = await sql(p.uri('mailmill'), `SELECT name, state FROM mailmill.run`);
      return runs.length === 1 && runs[0]?.name === 'check-1' && runs[0].state === 'Succeeded';
    }, 20_000);

    const pid = serverPid(p);
    mill.interrupt();
    expect(await mill.exited).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(mill.stderr()).toMatch(/ending: what is under way is finished first[\s\S]*in all: 2 messages, 2 rows/);
  });

  test('a killed run leaves no server behind, and the next one goes on', async () => {
    const p = project([maildir(), pipeline()]);
    p.deliver('a');
    const mill = start([p.directory, '--state', p.state]);
    await oneRow(p);
    const pid = serverPid(p);
    mill.kill('SIGKILL');
    await mill.exited;
    const again = await run([p.directory, '--once', '--json', '--state', p.state]);
    expect(isAlive(pid)).toBe(false);
    expect(again).toMatchObject({ code: 0 });
    expect(summary(again.stdout)).toMatchObject({ messages: 1, rows: 1 });
  });

  test('one process has the state at a time, and says so when its server ends', async () => {
    const p = project([maildir(), pipeline()]);
    const mill = start([p.directory, '--state', p.state]);
    await eventually(() => mill.stderr().includes('up to date'), 30_000);
    const other = await run([p.directory, '--once', '--state', p.state]);
    expect(other).toMatchObject({ code: 78, stdout: '' });
    expect(other.stderr).toMatch(/another mailmill run uses the state in .*--state DIR \[STATE_IN_USE\]/);

    signalProcess(serverPid(p), 'SIGINT');
    expect(await mill.exited).toBe(75);
    expect(mill.stderr()).toMatch(/has ended: .*start mailmill again.* \[EMBEDDED_POSTGRES_ENDED\]/);
  });

  test('a Maildir that is not there stops --once, and a stream goes on when it comes', async () => {
    const p = project([maildir('box', 'later'), pipeline()]);
    const stopped = await run([p.directory, '--once', '--json', '--state', p.state]);
    expect(stopped.code).toBe(78);
    expect(summary(stopped.stdout)).toMatchObject({ messages: 0, rows: 0 });
    expect(stopped.stderr).toMatch(/no Maildir .* at …\/later; check maildir.path or the volume \[MAILDIR_MISSING\]/);

    const mill = start([p.directory, '--state', p.state]);
    await eventually(() => mill.stderr().includes('! mail: no Maildir'), 30_000);
    p.deliver('a');
    fs.renameSync(path.join(p.directory, 'box'), path.join(p.directory, 'later'));
    await oneRow(p);
    mill.kill('SIGTERM');
    expect(await mill.exited).toBe(0);
  });
});

describe('with a server that Secrets name', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  test('kind: Secret objects and files of --secrets are found, and no server is embedded', async () => {
    const store = await postgres.createDatabase();
    const warehouse = await postgres.createDatabase();
    const p = project([maildir(), pipeline(), secret('mailmill-store', { uri: store })]);
    p.deliver('a');
    const secrets = path.join(p.directory, '..', 'secrets');
    fs.mkdirSync(path.join(secrets, 'warehouse'), { recursive: true });
    fs.writeFileSync(path.join(secrets, 'warehouse', 'uri'), `${warehouse}\n`);
    const done = await run([p.directory, '--once', '--json', '--state', p.state, '--secrets', secrets]);
    expect(done).toMatchObject({ code: 0 });
    expect(fs.existsSync(p.state)).toBe(false);
    expect(await rowCount(warehouse)).toEqual({ rows: 1, distinct: 1 });
    expect(await sql(store, 'SELECT name FROM mailmill.pipeline')).toEqual([{ name: 'mail' }]);
  });

  test('a Secret without the key is an error that names its keys, never its values', async () => {
    const p = project([maildir(), pipeline(), secret('warehouse', { url: 'postgresql://u:hush@h/d' })]);
    const { code, stderr } = await run([p.directory, '--once', '--store', await postgres.createDatabase()]);
    expect(code).toBe(78);
    expect(stderr).toContain('the Secret warehouse has no key uri (it has url)');
    expect(stderr).not.toContain('hush');
  });

  test('MAILMILL_STORE_URI keeps a password out of the process list', async () => {
    const uri = await postgres.createDatabase();
    const p = project([maildir(), pipeline(), secret('warehouse', { uri })]);
    p.deliver('a');
    expect(await run([p.directory, '--once', '--state', p.state], { MAILMILL_STORE_URI: uri })).toMatchObject({
      code: 0,
    });
    expect(fs.existsSync(p.state)).toBe(false);
  });

  test('different stores in one directory are refused', async () => {
    const store = (name: string) => ({ storeRef: { name, key: 'uri' } });
    const p = project([
      maildir(),
      pipeline('a', store('one')),
      pipeline('b', store('two')),
      secret('one', { uri: 'postgresql://one/x' }),
      secret('two', { uri: 'postgresql://two/x' }),
    ]);
    const { code, stderr } = await run([p.directory, '--once', '--state', p.state]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/name different stores.*\[STORES_DIFFER\]/);
  });

  test('a port that was asked for and is taken is an error; the default one gives way', async () => {
    const uri = await postgres.createDatabase();
    const p = project([maildir(), pipeline(), secret('warehouse', { uri })]);
    const holder = net.createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as net.AddressInfo;
    const asked = await run([p.directory, '--once', '--store', uri, '--port', String(port)]);
    holder.close();
    expect(asked.code).toBe(78);
    expect(asked.stderr).toMatch(/cannot be had \(EADDRINUSE\); choose another with --port N.* \[HTTP_PORT_TAKEN\]/);

    const blocker = net.createServer();
    await new Promise<void>((resolve) => {
      blocker.once('error', () => resolve()); // taken by somebody else: as good
      blocker.listen(9465, '127.0.0.1', resolve);
    });
    const mill = start([p.directory, '--store', uri], {}, 'default port');
    const [, other] = await eventually(
      () => /metrics: http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(mill.stderr()) ?? undefined,
    );
    expect(Number(other)).not.toBe(9465);
    blocker.close();
  });
});

describe('what is wrong is said before anything starts', () => {
  const cases: readonly (readonly [string, readonly object[] | string, RegExp])[] = [
    [
      'a field that does not exist',
      [maildir(), pipeline('mail', { shedule: '0 2 * * *' })],
      /resources\.yaml:\d+:\d+: spec\.shedule: .*schedule/,
    ],
    ['YAML that cannot be read', 'kind: [1\n', /resources\.yaml:\d+:\d+: cannot be read: /],
    ['a source that is not there', [pipeline()], /resources\.yaml:\d+:\d+: spec\.source\.name: .*box/],
    [
      'an expression that does not compile',
      [maildir(), pipeline('mail', { steps: [{ name: 'x', filter: 'subjct == "a"' }] })],
      /resources\.yaml:\d+:\d+: spec\.steps\[0\]\.filter: .*subjct/,
    ],
    ['no pipeline', [maildir()], /no EmailPipeline to run/],
    ['only suspended ones', [maildir(), pipeline('mail', { suspend: true })], /every EmailPipeline is suspended/],
    [
      'several namespaces',
      [maildir(), { ...pipeline(), metadata: { name: 'mail', namespace: 'other' } }],
      /resources of the namespaces default, other; one process runs one namespace/,
    ],
    [
      'a volume that only a cluster has',
      [{ ...maildir(), spec: { maildir: { persistentVolumeClaim: { claimName: 'mail' } } } }, pipeline()],
      /reads a persistentVolumeClaim, which only a cluster has/,
    ],
  ];
  test.each(cases)('%s', async (_, objects, message) => {
    const p = project(typeof objects === 'string' ? [] : objects);
    if (typeof objects === 'string') fs.writeFileSync(path.join(p.directory, 'resources.yaml'), objects);
    const { code, stdout, stderr } = await run([p.directory, '--once', '--json', '--state', p.state]);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(fs.existsSync(p.state)).toBe(false);
  });

  test.each([
    [[], /which directory\? DIR is missing/],
    [['a', 'b'], /one directory at a time/],
    [['a', '--port', '70000'], /--port 70000 is no port/],
    [['a', '--onec'], /Unknown option '--onec'/],
  ])('arguments %j', async (args, message) => {
    const { code, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('usage: mailmill run DIR');
    expect(code).toBe(2);
  });
});
