import { describe, expect, test } from 'vitest';
import { inLockOrder, Lineage } from '../../../src/sinks/postgres/progress.ts';
import { inRowOrder } from '../../../src/sinks/postgres/write-rows.ts';

const key = (folder: string) => ({
  namespace: 'n',
  pipeline: 'p',
  sink: 's',
  source: 'm',
  account: 'a',
  folder,
  epoch: 1n,
});
const recorded = (version: bigint, token: bigint, attempt: string) => ({
  progress: { key: key('f'), version, token },
  attempt,
});

test('inLockOrder gives one order whatever came in, and the highest version of a key', () => {
  const one = [
    { key: key('b'), version: 1n, token: 1n },
    { key: key('a'), version: 2n, token: 1n },
    { key: key('a'), version: 1n, token: 1n },
  ];
  const expected = ['a 2', 'b 1'];
  for (const progress of [one, one.toReversed()])
    expect(inLockOrder(progress).map((p) => `${p.key.folder} ${p.version}`)).toEqual(expected);
});

test('inRowOrder sorts by id and keeps the highest edition of a document, the last of equals', () => {
  const row = (documentId: string, edition: number, n: number) => ({ documentId, edition, document: { n } });
  const rows = inRowOrder([row('b', 1, 1), row('a', 2, 2), row('a', 1, 3), row('b', 1, 4)]);
  expect(rows.map(({ documentId, document }) => `${documentId}${document.n}`)).toEqual(['a2', 'b4']);
});

describe('Lineage', () => {
  const rewound = expect.objectContaining({ code: 'SINK_REWOUND', family: 'Transient' });
  const check = (now: ReturnType<typeof recorded> | undefined) => {
    const lineage = new Lineage();
    lineage.see(key('f'), recorded(5n, 3n, 'mine'));
    return () => lineage.check(key('f'), now);
  };

  test.each([
    ['an older version', recorded(4n, 3n, 'mine')],
    ['another commit of the same version and token', recorded(5n, 3n, 'earlier')],
    ['nothing at all', undefined],
  ])('notices %s', (_, now) => {
    expect(check(now)).toThrow(rewound);
  });

  test.each([
    ['what it saw', recorded(5n, 3n, 'mine')],
    ['a later version', recorded(6n, 2n, 'theirs')],
    ['the same version by another holder', recorded(5n, 4n, 'theirs')],
  ])('is content with %s', (_, now) => {
    expect(check(now)).not.toThrow();
  });

  test('knows nothing of what it never saw or was told to forget', () => {
    const lineage = new Lineage();
    lineage.check(key('f'), undefined);
    lineage.see(key('f'), recorded(5n, 3n, 'mine'));
    lineage.forget([key('f')]);
    expect(() => lineage.check(key('f'), undefined)).not.toThrow();
  });
});
