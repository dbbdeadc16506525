import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { collectorPod } from '../../support/collector-process.ts';
import { freePorts } from '../../support/free-port.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { send } from '../../support/smtp-client.ts';
import { message, sql } from '../../support/worker.ts';

const leaseTermMs = 15_000;

let postgres: Postgres;
const clean: (() => Promise<void> | void)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});
afterAll(async () => {
  await postgres?.stop();
});

/** A way to the server on which a connection stands still, and stays open, after so many bytes to the server. Returns the URI that takes it. */
async function standstillAfter(uri: string, bytes: number): Promise<string> {
  const target = new URL(uri);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    let left = bytes;
    client.on('data', (data) => {
      upstream.write(data.subarray(0, left));
      left = Math.max(0, left - data.length);
    });
    upstream.on('data', (data) => client.write(data));
    client.on('close', () => left > 0 && upstream.end());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  clean.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const through = new URL(uri);
  through.port = String((server.address() as net.AddressInfo).port);
  return through.href;
}

test('a collector that was stopped while it kept a message does not keep another one from taking mail, and the repeat is kept once', async () => {
  const ports = await freePorts(2);
  const store = await postgres.createDatabase();
  const start = async (port: number, uri: string) => {
    const pod = await collectorPod(
      { smtp: { port, recipients: ['*@desk.example.org'] } },
      { 'mailmill-store/uri': uri },
    );
    clean.push(pod.remove);
    return pod.start();
  };
  await start(ports[1]!, store);
  const stopped = await start(ports[0]!, await standstillAfter(store, 2 ** 20));
  const large = message(1, `${randomBytes(3 * 2 ** 20).toString('base64')}\r\n`);
  const to = ['a@desk.example.org'];
  const lost = send(ports[0]!, large, to).catch(() => undefined);
  await eventually(async () => {
    const rest = `state = 'active' AND wait_event = 'ClientRead' AND query LIKE '%kept_bytes%' AND datname = current_database()`;
    return (await sql(store, `SELECT FROM pg_stat_activity WHERE ${rest}`)).length > 0;
  });
  stopped.kill('SIGSTOP');

  const began = Date.now();
  for (const raw of [large, message(2)])
    expect(await send(ports[1]!, raw, to)).toEqual([expect.stringMatching(/^250 /)]);
  expect(Date.now() - began).toBeLessThan(2 * leaseTermMs);
  const kept = () => sql(store, 'SELECT uid::int FROM mailmill.kept_message ORDER BY uid');
  expect(await kept()).toEqual([{ uid: 1 }, { uid: 2 }]);
  stopped.kill('SIGCONT');
  await lost;
  expect(await kept()).toHaveLength(2);
});
