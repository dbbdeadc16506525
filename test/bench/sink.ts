import fs from 'node:fs';
import pg from 'pg';
import { messageFields, messageTypes, sha256, storedFields, toDocument } from '../../src/message/fields.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { columnsOf } from '../../src/sinks/postgres/columns.ts';
import { copyIn } from '../../src/sinks/postgres/copy.ts';
import { RowEncoder } from '../../src/sinks/postgres/encode.ts';
import { PostgresSink } from '../../src/sinks/postgres/postgres-sink.ts';
import { copyRows } from '../../src/sinks/postgres/statements.ts';
import type { Row } from '../../src/sinks/sink.ts';
import { mintMessageId } from '../../src/store/message-id.ts';
import { attachments, spamAssassin } from '../support/corpus.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import type { Corpus } from './servers.ts';
import { median, round } from './statistics.ts';

const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const note = (text: string) => process.stderr.write(`${text}\n`);

/** Rows of one commit, as the worker makes them of batches that follow each other closely. */
const commitRows = 500;

const place = { namespace: 'bench', source: 'mail', account: 'ann', folder: 'INBOX', uidvalidity: 1n };
const context = { revision: '0123456789abcdef', source: place.source };
const spec = { secretRef: { name: 'warehouse' }, table: 'emails' };
const table = { schema: 'public', table: spec.table };
const signal = new AbortController().signal;

/** The rows of a corpus as a pipeline without steps makes them. */
async function rowsOf(corpus: Corpus): Promise<readonly Row[]> {
  const stored = new Set(storedFields(messageTypes));
  const fields = messageFields.filter(({ name }) => stored.has(name));
  const rows: Row[] = [];
  for (const raw of corpus === 'spamassassin' ? spamAssassin() : attachments()) {
    const uid = rows.length + 1;
    const sighting = {
      receivedAt: new Date(1e12 + uid * 1000),
      rawSha256: sha256(raw),
      size: raw.length,
      flags: ['\\Seen'],
    };
    const documentId = mintMessageId({ ...place, ...sighting, uid });
    const document = toDocument(await parseMessage(raw), { ...place, ...sighting, id: documentId }, fields);
    rows.push({ documentId, edition: 1, document });
  }
  return rows;
}

interface Sample {
  readonly rowsPerSecond: number;
  /** CPU time of the server's process for the connection, and bytes of its log, for each row. */
  readonly serverMicroseconds: number;
  readonly walBytes: number;
}

/** What `work` costs a server process, on the one connection of `pool`. */
async function measure(pool: pg.Pool | pg.PoolClient, rows: number, work: () => Promise<void>): Promise<Sample> {
  const state = async () => {
    const { rows: found } = await pool.query<{ pid: number; lsn: string }>(
      `SELECT pg_backend_pid() AS pid, pg_current_wal_lsn() - '0/0' AS lsn`,
    );
    const { pid, lsn } = found[0]!;
    const cpuNs = Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);
    return { pid, lsn: Number(lsn), cpuNs, at: performance.now() };
  };
  const before = await state();
  await work();
  const after = await state();
  if (before.pid !== after.pid) throw new Error('void: the connection broke');
  return {
    rowsPerSecond: rows / ((after.at - before.at) / 1000),
    serverMicroseconds: (after.cpuNs - before.cpuNs) / 1000 / rows,
    walBytes: (after.lsn - before.lsn) / rows,
  };
}

async function inNewDatabase<T>(
  postgres: Postgres,
  body: (pool: pg.Pool, sink: PostgresSink) => Promise<T>,
): Promise<T> {
  const uri = await postgres.createDatabase('bench_rows');
  const pool = new pg.Pool({ connectionString: uri, max: 1 });
  pool.on('error', () => undefined); // the server ends it together with its database
  try {
    const sink = PostgresSink.open('warehouse', spec, messageTypes, { uri, pool });
    await sink.check(signal);
    await pool.query('CHECKPOINT');
    return await body(pool, sink);
  } finally {
    await pool.end();
    await postgres.dropDatabase('bench_rows');
  }
}

const ours = (postgres: Postgres, rows: readonly Row[]) =>
  inNewDatabase(postgres, (pool, sink) =>
    measure(pool, rows.length, async () => {
      const key = { ...place, pipeline: 'bench', sink: 'warehouse', epoch: place.uidvalidity };
      for (let from = 0; from < rows.length; from += commitRows) {
        const progress = [{ key, version: BigInt(from / commitRows + 1), token: 1n }];
        const part = rows.slice(from, from + commitRows);
        const { written } = await sink.commit(part, progress, context, signal);
        if (written !== part.length) throw new Error(`void: ${written} of ${part.length} rows written`);
      }
    }),
  );

/** COPY of the same rows, encoded before, into the same table, in as many transactions. */
const bare = (postgres: Postgres, rows: readonly Row[]) =>
  inNewDatabase(postgres, async (pool) => {
    const columns = columnsOf({}, messageTypes);
    const encoder = new RowEncoder(columns, messageTypes);
    const commits: Buffer[][][] = [];
    for (let at = 0; at < rows.length; at += commitRows) {
      const part = rows.slice(at, at + commitRows);
      const copies: Buffer[][] = [];
      for (let from = 0; from < part.length; ) {
        const chunk = encoder.copy(part, from, context);
        copies.push(Array.from(chunk.pieces, (piece) => Buffer.from(piece.finish())));
        from = chunk.next;
      }
      commits.push(copies);
    }
    const client = await pool.connect();
    try {
      const copy = copyRows(table, columns);
      const run = async () => {
        for (const copies of commits) {
          await client.query('BEGIN');
          for (const messages of copies) {
            const pieces = messages.map((message) => ({ finish: () => message }));
            await copyIn(client, copy, { pieces, sent: () => undefined });
          }
          await client.query('COMMIT');
        }
      };
      return await measure(client, rows.length, run);
    } finally {
      client.release();
    }
  });

const describe = ({ rowsPerSecond, serverMicroseconds, walBytes }: Sample) =>
  `${round(rowsPerSecond, 0)} rows/s, ${round(serverMicroseconds, 1)} µs of the server and ${round(walBytes, 0)} bytes of its log a row`;

/** The PostgreSQL sink without a source before it, beside COPY of the same rows in turn: a line a corpus with medians. */
export async function sinkBench(corpora: readonly Corpus[], runs: number): Promise<void> {
  const postgres = await startPostgres();
  try {
    for (const corpus of corpora) {
      const rows = await rowsOf(corpus);
      const samples: { readonly ours: Sample[]; readonly bare: Sample[] } = { ours: [], bare: [] };
      for (let turn = 1; turn <= runs; turn++) {
        samples.bare.push(await bare(postgres, rows));
        samples.ours.push(await ours(postgres, rows));
        note(
          `${corpus} ${turn}/${runs}: COPY ${describe(samples.bare.at(-1)!)}; sink ${describe(samples.ours.at(-1)!)}`,
        );
      }
      const [sink, copy] = [samples.ours, samples.bare].map((all) => median(all.map((each) => each.rowsPerSecond)));
      print({
        name: 'sink',
        corpus,
        rowsPerSecond: round(sink!, 1),
        ratioToCopy: round(sink! / copy!, 3),
        serverMicroseconds: round(median(samples.ours.map((each) => each.serverMicroseconds)), 1),
        walBytes: round(median(samples.ours.map((each) => each.walBytes)), 0),
      });
    }
  } finally {
    await postgres.stop();
  }
}
