import { expect, test } from 'vitest';
import type { Fault, ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import { eventually } from '../../support/processes.ts';
import { message } from '../../support/worker.ts';
import { faultWorld, fill } from './fault-world.ts';

const MiB = 2 ** 20;
const { serve, work } = faultWorld();

/** A message of so many MiB that ends with its name. */
const large = (name: string, size: number) => `${message(name)}${'x'.repeat(78)}\r\n`.padEnd(size * MiB, '-') + name;

/** Of the parts that a server was asked for, where each began; `whole` for one that was no part. */
const asked = (box: ScriptedMailbox) =>
  box.server.lines.flatMap((line) => {
    const part = /BODY\.PEEK\[\](?:<(\d+)\.)?/.exec(line);
    return part ? [part[1] === undefined ? 'whole' : Number(part[1])] : [];
  });

const texts = (it: Awaited<ReturnType<typeof work>>) =>
  [...it.sink.rows.values()].map(({ document }) => String(document.text).slice(-9)).sort();

/** Faults at FETCH commands for parts, by their number from 1. */
const atParts = (box: ScriptedMailbox, faults: Readonly<Record<number, Fault>>) => {
  let parts = 0;
  box.faults.set('UID FETCH', (to, honest) => {
    if (!/\[\]</.test(to.line)) return false;
    parts += 1;
    return faults[parts]?.(to, honest) ?? false;
  });
};

const breaks =
  (after: number): Fault =>
  (to, honest) => {
    to.raw(honest.subarray(0, after));
    to.end();
    return true;
  };

test('a connection that is lost goes on at the part that is missing, however often, and takes the room for one message', async () => {
  const box = await serve();
  box.deliver('INBOX', large('large-one', 13));
  atParts(box, { 2: breaks(100), 4: breaks(2 * MiB), 6: breaks(4) });
  const it = await work(box);
  await eventually(() => it.sink.rows.size === 1, 30_000);
  // On a new connection the end of what is known is asked for as well.
  const twice = [4 * MiB, 8 * MiB, 12 * MiB].flatMap((at) => [at, at - 4_096]);
  expect(asked(box)).toEqual([0, ...twice]);
  expect(texts(it)).toEqual(['large-one']);
  expect([...it.sink.rows.values()].map(({ document }) => document.size)).toEqual([13 * MiB + 9]);
  await eventually(() => it.context.budget.used === 0);
  expect(it.codes).toEqual(['IMAP_CONNECTION_LOST', 'IMAP_CONNECTION_LOST', 'IMAP_CONNECTION_LOST']);
});

test('mail that comes meanwhile, in this folder and in others, does not wait for its end', async () => {
  const box = await serve();
  const wanted = fill(box, 'INBOX', 1);
  fill(box, 'Other', 1, 'first');
  const it = await work(box, { limits: { connectionsPerAccount: 1 } });
  await eventually(() => it.sink.rows.size === 2);
  const rows: (readonly [number, number])[] = [];
  let parts = 0;
  box.faults.set('UID FETCH', (to, honest) => {
    if (!/\[\]</.test(to.line)) return false;
    parts += 1;
    rows.push([parts, it.sink.rows.size]);
    if (parts === 2) wanted.concat(fill(box, 'INBOX', 2, 'later'), fill(box, 'Other', 1, 'beside'));
    setTimeout(() => to.raw(honest), 700);
    return true;
  });
  box.deliver('INBOX', large('large-two', 25));
  await eventually(() => it.sink.rows.size === 6, 60_000);
  expect(texts(it)).toContain('large-two');
  // Before its last part was asked for, all of the others were there.
  expect(rows.at(-1)).toEqual([7, 5]);
  expect(it.codes).toEqual([]);
  expect(asked(box).filter((at) => at === 0).length).toBe(1);
});

test('where a day has a limit new mail is not made old mail by its size', async () => {
  const box = await serve();
  fill(box, 'INBOX', 1);
  const it = await work(box, { limits: { bytesPerDay: '14Mi' } });
  await eventually(() => it.sink.rows.size === 1);
  box.deliver('INBOX', large('large-day', 13));
  // More than old mail would have been given.
  await eventually(() => it.sink.rows.size === 2, 30_000);
  expect(it.codes).toEqual([]);
});

test('a new epoch in the middle of it begins it anew', async () => {
  const box = await serve();
  box.deliver('INBOX', large('large-old', 13));
  box.deliver('INBOX', large('large-new', 13));
  atParts(box, {
    3: (to) => {
      box.renumber('INBOX', { reverse: true });
      to.drop();
      return true;
    },
  });
  const it = await work(box);
  await eventually(() => it.sink.rows.size === 2, 30_000);
  // What had come of message 1 is of no use for message 1 of the new epoch.
  expect(asked(box).slice(0, 4)).toEqual([0, 4 * MiB, 8 * MiB, 0]);
  expect(texts(it)).toEqual(['large-new', 'large-old']);
  await eventually(() => it.context.budget.used === 0);
});

test('a new epoch that is only told begins it anew', async () => {
  const box = await serve();
  box.deliver('INBOX', large('large-old', 13));
  box.deliver('INBOX', large('large-new', 13));
  const expected = ['large-new', 'large-old'];
  atParts(box, {
    2: (to) => {
      box.renumber('INBOX', { reverse: true });
      const bytes = box.of('INBOX').messages[0]!.raw.subarray(4 * MiB, 8 * MiB);
      to.send('* OK [UIDVALIDITY 8] begins anew');
      to.raw('* 1 FETCH (UID 1 FLAGS () INTERNALDATE "14-Nov-2023 22:13:20 +0000" ');
      to.raw(`RFC822.SIZE ${13 * MiB + 9} BODY[]<${4 * MiB}> {${4 * MiB}}\r\n`);
      to.raw(bytes);
      to.raw(`)\r\n${to.tag} OK done\r\n`);
      return true;
    },
  });
  const it = await work(box);
  await eventually(() => it.sink.rows.size === 2, 30_000);
  expect(texts(it)).toEqual(expected);
});

const gone: readonly (readonly [string, (box: ScriptedMailbox) => Fault])[] = [
  [
    'is expunged',
    (box) => (to) => {
      box.expunge('INBOX', 1);
      to.send(`${to.tag} OK done`);
      return true;
    },
  ],
  [
    'comes as NIL',
    (box) => (to) => {
      box.expunge('INBOX', 1);
      to.send('* 1 FETCH (UID 1 FLAGS () BODY[]<0> NIL)', `${to.tag} OK done`);
      return true;
    },
  ],
];
test.each(gone)('a message that %s is passed, and its room is free', async (_, fault) => {
  const box = await serve();
  box.deliver('INBOX', large('large-bye', 13));
  const wanted = fill(box, 'INBOX', 2, 'small');
  atParts(box, { 1: fault(box) });
  const it = await work(box);
  await eventually(() => it.sink.rows.size === 2, 30_000);
  it.exact(wanted);
  await eventually(() => it.context.budget.used === 0);
  const batches = await it.database.query<{ vanished: number }>(
    'SELECT sum(vanished)::int AS vanished FROM mailmill.coverage',
  );
  expect(batches).toEqual([{ vanished: 1 }]);
});

const lies: readonly (readonly [string, (honest: Buffer, box: ScriptedMailbox) => Buffer])[] = [
  [
    'sends less than a part',
    (honest) => Buffer.from(honest.toString('latin1').replace('{4194304}\r\nx', '{4194303}\r\n'), 'latin1'),
  ],
  [
    'sends nothing from some place on',
    (honest) => Buffer.from(honest.toString('latin1').replace(/\{4194304\}\r\n.*(?=\)\r\n)/s, '{0}\r\n'), 'latin1'),
  ],
  [
    'says another size',
    (honest) => Buffer.from(honest.toString('latin1').replace(/SIZE \d+/, 'SIZE 13631000'), 'latin1'),
  ],
  [
    'sends all of it',
    (honest, box) => {
      const { raw } = box.of('INBOX').messages[0]!;
      const end = honest.subarray(honest.lastIndexOf('\n', honest.length - 3) + 1);
      return Buffer.concat([
        Buffer.from(`* 1 FETCH (UID 1 FLAGS () BODY[] {${raw.length}}\r\n`),
        raw,
        Buffer.from(')\r\n'),
        end,
      ]);
    },
  ],
];
for (const at of [1, 2])
  test.each(lies)(`a server that %s at part ${at} loses nothing and mixes nothing`, async (_, lie) => {
    const box = await serve();
    box.deliver('INBOX', large('large-lie', 13));
    const lying: Fault = (to, honest) => {
      to.raw(lie(honest, box));
      return true;
    };
    atParts(box, { [at]: lying });
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 1, 30_000);
    expect([...it.sink.rows.values()].map(({ document }) => document.size)).toEqual([13 * MiB + 9]);
    expect(texts(it)).toEqual(['large-lie']);
    expect(asked(box).filter((part) => part === 'whole').length).toBeLessThanOrEqual(1);
    expect(it.codes).toEqual([]);
  });

test('a server whose sizes are not those of its messages gives all of them, later ones at once', async () => {
  const box = await serve();
  for (let n = 1; n <= 5; n++) box.deliver('INBOX', large(`estimate${n}`, 9));
  box.faults.set('UID FETCH', (to, honest) => {
    if (!to.line.includes('RFC822.SIZE')) return false;
    to.raw(
      Buffer.from(
        honest.toString('latin1').replaceAll(/SIZE (\d+)/g, (_, size) => `SIZE ${Number(size) + 77}`),
        'latin1',
      ),
    );
    return true;
  });
  const it = await work(box);
  await eventually(() => it.sink.rows.size === 5, 30_000);
  expect(texts(it)).toEqual([1, 2, 3, 4, 5].map((n) => `estimate${n}`));
  const parts = asked(box);
  expect(parts.filter((part) => part === 'whole').length).toBe(5);
  expect(parts.slice(-3)).toEqual(['whole', 'whole', 'whole']);
});
