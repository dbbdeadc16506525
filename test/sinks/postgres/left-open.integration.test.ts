import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { sql } from '../../support/worker.ts';
import { context, progress, row, signal } from '../exact-contract.ts';

let server: Postgres;
const clean: (() => Promise<void>)[] = [];
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  for (const each of clean.toReversed()) await each();
  await server?.stop();
});

/** A proxy that loses its client once, after so many bytes to the server, and does not tell the server. */
async function losesClientAfter(uri: string, bytes: number): Promise<string> {
  const target = new URL(uri);
  const sockets = new Set<net.Socket>();
  let left = bytes;
  const proxy = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    let lost = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (data) => {
      const before = left;
      left -= data.length;
      if (before > 0 && left <= 0) {
        lost = true;
        upstream.write(data.subarray(0, before));
        client.resetAndDestroy();
      } else upstream.write(data);
    });
    upstream.on('data', (data) => client.write(data));
    client.on('close', () => lost || upstream.end());
    upstream.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  clean.push(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await once(proxy, 'close');
  });
  const through = new URL(uri);
  through.port = String((proxy.address() as net.AddressInfo).port);
  return through.href;
}

test('a commit that was cut off in the middle of its COPY does not hold up the next try, though the server was not told', async () => {
  const uri = await server.createDatabase();
  const spec = { secretRef: { name: 'analytics-db', key: 'uri' }, table: 'emails' };
  const types = new Map<string, FieldType>([['subject', 'string']]);
  const sink = PostgresSink.open('warehouse', spec, types, {
    uri: await losesClientAfter(uri, 200_000),
    connections: 1,
  });
  clean.push(() => sink.close());
  await sink.check(signal);
  const rows = Array.from({ length: 500 }, (_, n) => row(n + 1, 'x'.repeat(1_000)));
  await expect(sink.commit(rows, [progress(1, 1)], context, signal)).rejects.toMatchObject({ family: 'Transient' });
  const began = Date.now();
  expect(await sink.commit(rows, [progress(1, 1)], context, signal)).toMatchObject({ written: 500 });
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(await sql(uri, 'SELECT count(*)::int AS rows FROM emails')).toEqual([{ rows: 500 }]);
});
