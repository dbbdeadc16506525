import { describe, expect, onTestFinished, test } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { rowsReach, sql } from '../../support/worker.ts';
import { type RunWorldOptions, runWorld } from './run-world.ts';

const servers = mailToStore({ tls: true });

const setUp = (options: RunWorldOptions = {}) => runWorld(servers, onTestFinished, options);

describe('a preflight', () => {
  const options = { messages: 5, maxErrorRate: 0.2 };

  /** A pipeline that has read seven messages with its first revision. */
  async function delivered() {
    const it = await setUp({ shared: false });
    for (let n = 0; n < 7; n++) it.deliver(n, new Date(Date.UTC(2026, 0, 1 + n)));
    const before = it.revision();
    expect((await before.once('first')).code).toBe(0);
    return { it, options: { ...options, baseline: before.revision.hash } };
  }

  test('passes a revision that lets no more die than may', async () => {
    const { it, options: asked } = await delivered();
    const rows = await it.rows();
    const next = it.revision([{ name: 'picky', set: { n: 'subject == "Message 6" ? int(subject) : 1' } }]);
    const { code, result, output } = await it.preflight(next, asked);
    expect(code, output).toBe(0);
    expect(result).toMatchObject({ state: 'Succeeded', read: 5, delivered: 4, dead: 1 });
    expect(await it.rows()).toEqual(rows);
  });

  test('rejects one that does, with the numbers and the first error; nothing is written', async () => {
    const { it, options: asked } = await delivered();
    const rows = await it.rows();
    const next = it.revision([{ name: 'strict', set: { n: 'int(subject)' } }]);
    const { code, result } = await it.preflight(next, asked);
    expect(code).toBe(78);
    expect(result).toMatchObject({ family: 'Stalled', code: 'PREFLIGHT_REJECTED' });
    expect(result?.message).toContain(
      `5 of the newest 5 messages would be dead letters, 0 are with revision ${asked.baseline}; the first at step strict: STEP_EVALUATION_FAILED`,
    );
    expect(await it.rows()).toEqual(rows);
    expect(await sql(it.store, 'SELECT FROM mailmill.dead_letter')).toEqual([]);
  });

  test('rejects a table that does not fit, and makes none', async () => {
    const { it, options: asked } = await delivered();
    const { code, result } = await it.preflight(it.revision([], ['messageId', 'subject', 'mark', 'text']), asked);
    expect(code).toBe(78);
    expect(result).toMatchObject({ code: 'SINK_TABLE_MISMATCH' });
  });

  test('takes nothing against a revision from mail that cannot be reached', async () => {
    const { it, options: asked } = await delivered();
    const next = it.revision();
    next.writeSecret('imap', 'password', 'wrong');
    const { result } = await it.preflight(next, asked);
    expect(result?.code).toMatch(/^IMAP_/);
  });

  test('is not held against a revision that mends what keeps the one that runs from its table', async () => {
    const { it, options: asked } = await delivered();
    await sql(it.sink, 'ALTER TABLE emails DROP COLUMN mark');
    const next = it.revision([], ['messageId', 'subject']);
    const { code, result, output } = await it.preflight(next, asked);
    expect(code, output).toBe(0);
    expect(result).toMatchObject({ state: 'Succeeded', read: 5, delivered: 5 });
    expect(output).toContain('SINK_TABLE_MISMATCH');
  });

  test('has the one connection that an account may have lent for a moment, beside the worker that streams', async () => {
    const it = await setUp({ shared: false, connections: 1 });
    it.deliver(1);
    const before = it.revision();
    await it.start(before);
    await rowsReach(it.sink, 1);
    const { code, result, output } = await it.preflight(it.revision(), { ...options, baseline: before.revision.hash });
    expect(code, output).toBe(0);
    expect(result).toMatchObject({ state: 'Succeeded', read: 1 });
    it.deliver(2);
    await rowsReach(it.sink, 2);
  });

  test('waits for a store that cannot be reached', async () => {
    const { it, options: asked } = await delivered();
    const next = it.revision();
    next.writeSecret('mailmill-store', 'uri', 'postgresql://nobody@127.0.0.1:1/none');
    const { code, result } = await it.preflight(next, asked);
    expect(code).not.toBe(0);
    expect(result?.code).toMatch(/^STORE_/);
  });
});
