import { expect, test } from 'vitest';
import { releaseMemory } from '../../../src/pipeline/commits/release-memory.ts';
import type { ReadMessage } from '../../../src/pipeline/processed.ts';

const read = (raw: Buffer, more: Partial<ReadMessage> = {}): ReadMessage => ({
  uid: 1,
  raw,
  headerOnly: false,
  size: raw.length,
  rawSha256: '',
  receivedAt: new Date(0),
  flags: [],
  parsed: { death: { code: 'X', detail: '' } },
  ...more,
});

test('memory goes back of rows that were written ahead, and of mail that nobody else looks at', () => {
  let released = 0;
  const encoded = [{ by: {}, release: () => void released++ }];
  const [own, shared] = [Buffer.from('own'), Buffer.from('shared')];
  const freed: string[] = [];
  const memory = { release: () => void freed.push('own') };
  releaseMemory(
    [
      { documentId: 'a', edition: 1, document: {}, encoded },
      { documentId: 'b', edition: 1, document: {} },
    ],
    [read(own, { memory }), read(shared)],
  );
  expect(released).toBe(1);
  expect(freed).toEqual(['own']);
});
