import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type FieldType, messageTypes } from '../../../src/message/fields.ts';
import { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { context, documentId, exactContract, key, progress, row, signal } from '../exact-contract.ts';
import { contents, sinkWorld, spec, subjectOnly } from './sink-world.ts';

const world = sinkWorld();
const { open, ready, sinkOn } = world;

describe('Exact', () => {
  exactContract(async () => {
    const { uri, sink, sql } = await ready();
    return { sink, other: sinkOn(uri), contents: () => contents(sql) };
  });
});

describe('rows', () => {
  const types = new Map<string, FieldType>([...messageTypes, ['score', 'double'], ['ok', 'bool'], ['what', 'dyn']]);

  test.each([
    ['copied', 1],
    ['merged', 3],
  ])('that are %s hold what documents hold, whatever mail brings', async (_, edition) => {
    const { sink, sql } = await ready(types);
    const from = { name: 'Zoë "Z" \\ 😀', address: 'zoe@example.com', domain: 'example.com' };
    const document = {
      id: documentId(1),
      receivedAt: new Date('2026-11-01T10:00:00.123Z'),
      date: new Date('0001-01-01T00:00:00Z'),
      size: 2 ** 40,
      flags: ['\\Seen', 'a"b', '', 'NULL', '{x,y}'],
      references: [],
      subject: 'U+0000 \0, lone \ud83d, pair 😀, "quoted" \\',
      from,
      to: [from, from],
      headers: new Map([['x-a', ['1', '2\0']]]),
      attachments: [
        { filename: 'a.pdf', contentType: 'application/pdf', size: 3, sha256: 'x', contentId: '', inline: false },
      ],
      score: Number.NaN,
      ok: false,
      what: { big: 2n ** 63n, list: [new Date(0), null] },
      beyond: ['kept'],
    };
    expect(
      await sink.commit([{ documentId: documentId(1), edition, document }], [progress(1, 1)], context, signal),
    ).toEqual({
      written: 1,
      refused: [],
    });
    const { rows } = await sql.query(
      `SELECT *, received_at::text AS received, date = '0001-01-01Z' AS old FROM emails`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      _mailmill_id: documentId(1),
      _mailmill_edition: edition,
      _mailmill_revision: 'abcdef0123',
      _mailmill_source: 'support',
      id: documentId(1),
      received_at: document.receivedAt,
      old: true,
      size: String(2 ** 40),
      flags: document.flags,
      references: [],
      subject: 'U+0000 \uFFFD, lone \uFFFD, pair 😀, "quoted" \\',
      from,
      to: [from, from],
      headers: { 'x-a': ['1', '2\uFFFD'] },
      attachments: document.attachments,
      score: Number.NaN,
      ok: false,
      what: { list: ['1970-01-01T00:00:00.000Z', null] },
      extra: { beyond: ['kept'] },
      html: null,
      cc: null,
    });
    expect(rows[0]._mailmill_committed_at).toBeInstanceOf(Date);
    const { rows: exact } = await sql.query(`SELECT what->>'big' AS big FROM emails`);
    expect(exact).toEqual([{ big: '9223372036854775808' }]);
  });

  test('more than a statement takes all arrive', async () => {
    const { sink, sql } = await ready();
    const rows = Array.from({ length: 1_203 }, (_, i) => row(i, `s${i}`));
    rows[700] = row(700, 'x'.repeat(5_000_000));
    expect((await sink.commit(rows, [progress(1, 1)], context, signal)).written).toBe(1_203);
    const { rows: found } = await sql.query('SELECT count(*)::int AS n, max(length(subject)) AS longest FROM emails');
    expect(found).toEqual([{ n: 1_203, longest: 5_000_000 }]);
  });

  test('that are there already are replaced, and new ones among them arrive', async () => {
    const { sink, sql } = await ready();
    const rows = (from: number, to: number, text: string) =>
      Array.from({ length: to - from }, (_, i) => row(from + i, `${text} ${from + i}`));
    await sink.commit(rows(700, 800, 'old'), [progress(1, 1)], context, signal);
    expect((await sink.commit(rows(0, 1_000, 'new'), [progress(2, 1)], context, signal)).written).toBe(1_000);
    const { rows: found } = await sql.query(`SELECT count(*)::int AS n FROM emails WHERE subject LIKE 'new %'`);
    expect(found).toEqual([{ n: 1_000 }]);
  });

  test('go to a table with row security too', async () => {
    const { uri, sink, sql } = await ready();
    await sink.commit([], [progress(1, 1)], context, signal);
    await sql.query(`CREATE ROLE limited LOGIN PASSWORD 'x'; GRANT SELECT, INSERT, UPDATE ON emails, _mailmill_progress TO limited;
      ALTER TABLE emails ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON emails TO limited USING (true)`);
    const other = sinkOn(uri.replace('postgres:secret', 'limited:x'));
    await other.check(signal);
    expect((await other.commit([row(1, 'a')], [progress(1, 1)], context, signal)).written).toBe(1);
    expect([...(await contents(sql)).values()]).toEqual(['a']);
    await sql.query('DROP OWNED BY limited; DROP ROLE limited');
  });

  test('are flushed to disk at COMMIT even where the database is set not to', async () => {
    const { uri, sql } = await ready();
    await sql.query(`CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.subject := current_setting('synchronous_commit'); RETURN NEW; END $$;
      CREATE TRIGGER tell BEFORE INSERT ON emails FOR EACH ROW EXECUTE FUNCTION tell()`);
    for (const setting of ['off', 'remote_apply']) {
      await sql.query(`ALTER DATABASE "${new URL(uri).pathname.slice(1)}" SET synchronous_commit = ${setting}`);
      await sinkOn(uri).commit([row(setting === 'off' ? 1 : 2, 'a')], [progress(1, 1)], context, signal);
    }
    expect([...(await contents(sql)).values()]).toEqual(['on', 'remote_apply']);
  });

  test('no session state is left for a pooler to trip over', async () => {
    const { uri } = await ready();
    const pool = new pg.Pool({ connectionString: uri, max: 1 });
    open.push({ close: () => pool.end() });
    const sink = PostgresSink.open('warehouse', spec, subjectOnly, { uri, pool });
    const state = `SELECT pg_backend_pid() AS pid, (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
      (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
      (SELECT count(*)::int FROM pg_class WHERE relpersistence = 't') AS temporary,
      current_setting('statement_timeout') AS timeout, current_setting('idle_in_transaction_session_timeout') AS idle`;
    const before = (await pool.query(state)).rows;
    await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    await sink.progress([key()], signal);
    await sink.check(signal);
    expect((await pool.query(state)).rows).toEqual(before);
    expect(before[0]).toMatchObject({ prepared: 0, locks: 0, temporary: 0 });
  });
});

describe('what the database refuses', () => {
  const constraints: [string, string, string, string][] = [
    [
      'a CHECK constraint',
      `ALTER TABLE emails ADD CONSTRAINT short CHECK (length(subject) < 9)`,
      '23514',
      ', constraint short',
    ],
    ['NOT NULL', 'ALTER TABLE emails ALTER subject SET NOT NULL', '23502', ', column subject'],
    [
      'a trigger',
      `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF coalesce(length(NEW.subject), 9) > 8 THEN RAISE 'no %', NEW.subject; END IF; RETURN NEW; END $$; CREATE TRIGGER no BEFORE INSERT ON emails FOR EACH ROW EXECUTE FUNCTION no()`,
      'P0001',
      '',
    ],
    ['an index that takes no long value', `CREATE INDEX ON emails (subject)`, '54000', ''],
  ];

  test.each(constraints)('%s is found to the row among 500', async (_, statement, state, where) => {
    const { sink, sql } = await ready();
    await sql.query(statement);
    const long = Array.from({ length: 400 }, (_unused, i) => String.fromCharCode(0x4e00 + i * 7))
      .join('')
      .repeat(20);
    const bad = state === '23502' ? undefined : long;
    const rows = Array.from({ length: 500 }, (_unused, i) => row(i, i === 123 || i === 499 ? bad : `s${i}`));
    const result = await sink.commit(rows, [progress(1, 1)], context, signal);
    expect(result.written).toBe(498);
    expect(result.refused.map(({ documentId: id, code }) => `${id} ${code}`).sort()).toEqual([
      `${documentId(123)} SINK_ROW_REFUSED`,
      `${documentId(499)} SINK_ROW_REFUSED`,
    ]);
    expect(result.refused[0]?.message).toContain(`(SQLSTATE ${state}${where})`);
    expect((await contents(sql)).size).toBe(498);
    expect(await sink.progress([key()], signal)).toEqual([progress(1, 1)]);
  });

  test('a UNIQUE index keeps the first of two, even when it is deferred', async () => {
    const { sink, sql } = await ready();
    await sql.query('ALTER TABLE emails ADD CONSTRAINT once UNIQUE (subject) DEFERRABLE INITIALLY DEFERRED');
    const result = await sink.commit([row(1, 'a'), row(2, 'a'), row(3, 'b')], [progress(1, 1)], context, signal);
    expect(result.refused.map((refusal) => refusal.documentId)).toEqual([documentId(2)]);
    expect((await contents(sql)).size).toBe(2);
  });

  test('a batch of which everything is refused still moves progress', async () => {
    const { sink, sql } = await ready();
    await sql.query('ALTER TABLE emails ADD CHECK (false)');
    const rows = Array.from({ length: 20 }, (_, i) => row(i, 's'));
    const result = await sink.commit(rows, [progress(1, 1)], context, signal);
    expect([result.written, result.refused.length]).toEqual([0, 20]);
    expect(await sink.progress([key()], signal)).toEqual([progress(1, 1)]);
  });

  test.each([
    ['its table is dropped', 'DROP TABLE emails', 'SINK_TABLE_MISSING'],
    ['a column is dropped', 'ALTER TABLE emails DROP subject', 'SINK_TABLE_MISMATCH'],
    ['its key is dropped', 'ALTER TABLE emails DROP CONSTRAINT emails_pkey', 'SINK_TABLE_MISMATCH'],
    ['its progress is dropped', 'DROP TABLE _mailmill_progress', 'SINK_TABLE_MISSING'],
  ])('is Stalled when %s meanwhile, and works again after a check', async (_, statement, code) => {
    const { sink, sql } = await ready();
    await sql.query(statement);
    await expect(sink.commit([row(1, 'a')], [progress(1, 1)], context, signal)).rejects.toMatchObject({
      code,
      family: 'Stalled',
    });
    if (code === 'SINK_TABLE_MISSING') {
      await sink.check(signal);
      expect((await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal)).written).toBe(1);
    }
  });
});

describe('inside the transaction of the store', () => {
  test('rows and progress come and go with it', async () => {
    const { sink, sql } = await ready();
    await sql.query('ALTER TABLE emails ADD CHECK (subject <> $$bad$$)');
    await sql.query('BEGIN');
    await sink.writeProgress(sql, [progress(1, 1)]);
    const result = await sink.write(sql, [row(1, 'a'), row(2, 'bad')], context);
    expect([result.written, result.refused.length]).toEqual([1, 1]);
    await sql.query('ROLLBACK');
    expect(await contents(sql)).toEqual(new Map());
    await sql.query('BEGIN');
    await sink.writeProgress(sql, [progress(1, 1)]);
    await sink.write(sql, [row(1, 'a'), row(2, 'bad')], context);
    await sql.query('COMMIT');
    expect(await contents(sql)).toEqual(new Map([[documentId(1), 'a']]));
    expect(await sink.progress([key()], signal)).toEqual([progress(1, 1)]);
  });

  test('a fenced writer is told before it writes', async () => {
    const { sink, sql } = await ready();
    await sink.commit([], [progress(1, 2)], context, signal);
    await sql.query('BEGIN');
    await expect(sink.writeProgress(sql, [progress(2, 1)])).rejects.toMatchObject({ code: 'SINK_FENCED' });
    await sql.query('ROLLBACK');
  });

  test('is offered only for the same database and the same user', async () => {
    const { uri, sink, sql } = await ready();
    await sql.query("CREATE ROLE somebody LOGIN PASSWORD 'x'");
    const elsewhere = await world.server.createDatabase();
    const stranger = uri.replace('postgres:secret', 'somebody:x');
    const answer = async (store: string) => {
      const pool = new pg.Pool({ connectionString: store, max: 1 });
      try {
        return await sink.sharesDatabaseWith(pool, signal);
      } finally {
        await pool.end();
      }
    };
    expect(await answer(uri)).toBe(true);
    expect(await answer(uri.replace('127.0.0.1', 'localhost'))).toBe(true);
    expect(await answer(elsewhere)).toBe(false);
    expect(await answer(stranger)).toBe(false);
    await sql.query('DROP ROLE somebody');
  });
});

describe('a database that went back', () => {
  test('tells so by its progress, and in mid-run by an error before anything is written', async () => {
    const { sink, sql } = await ready();
    await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    await sql.query(
      'CREATE TABLE backup_emails AS TABLE emails; CREATE TABLE backup_progress AS TABLE _mailmill_progress',
    );
    await sink.commit([row(2, 'b')], [progress(2, 1)], context, signal);
    await sql.query(
      'BEGIN; TRUNCATE emails, _mailmill_progress; INSERT INTO emails TABLE backup_emails; INSERT INTO _mailmill_progress TABLE backup_progress; COMMIT',
    );
    await expect(sink.commit([row(3, 'c')], [progress(3, 1)], context, signal)).rejects.toMatchObject({
      code: 'SINK_REWOUND',
      family: 'Transient',
    });
    expect((await contents(sql)).size).toBe(1);
    expect(await sink.progress([key()], signal)).toEqual([progress(1, 1)]);
    expect((await sink.commit([row(2, 'b'), row(3, 'c')], [progress(4, 1)], context, signal)).written).toBe(2);
  });
});
