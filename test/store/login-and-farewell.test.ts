import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPool, withConnection } from '../../src/sinks/postgres/connection.ts';
import { readAccountTable } from '../../src/sources/imap/account-table.ts';
import { Database } from '../../src/store/database.ts';

/** A message of the protocol. */
function wire(type: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}

const welcome = Buffer.concat([wire('R', Buffer.alloc(4)), wire('Z', Buffer.from('I'))]);
const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
const farewell = wire('E', Buffer.from(`${fields.join('\0')}\0`));

/** Lets everybody in and goes down, in one packet. */
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end(Buffer.concat([welcome, farewell])));
});
let uri: string;

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  uri = `postgresql://ann:secret@127.0.0.1:${address.port}/mail`;
});
afterEach(() => void server.close());

/** Node would end the process. */
async function unheard(work: Promise<unknown>): Promise<unknown> {
  const heard: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => void heard.push(error));
  try {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(heard).toEqual([]);
    return error;
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}

test('a store that goes down as it lets a worker in is away, and the worker stays', async () => {
  const database = new Database({ uri, max: 1, applicationName: 'test' });
  expect(await unheard(database.transaction((client) => client.query('SELECT 1')))).toMatchObject({
    family: 'Transient',
    code: 'STORE_UNREACHABLE',
  });
  expect(await unheard(database.query('SELECT 1'))).toMatchObject({ family: 'Transient' });
  await database.close();
});

test('so is a sink', async () => {
  const pool = openPool(uri, 1);
  const work = withConnection(pool, new AbortController().signal, ({ client }) => client.query('SELECT 1'));
  expect(await unheard(work)).toMatchObject({ family: 'Transient' });
  await pool.end();
});

test('and a database with a table of accounts', async () => {
  const work = readAccountTable(uri, 'accounts', new AbortController().signal);
  expect(await unheard(work)).toMatchObject({ family: 'Transient', code: 'SOURCE_ACCOUNTS_UNREACHABLE' });
});
