import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Database } from '../../src/store/database.ts';
import type { Appended, AppendLimits, KeptFolder, NewKept } from '../../src/store/kept.ts';
import { appendKept } from '../../src/store/kept-append.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes);

export const noLimits: AppendLimits = { windowMs: 3_600_000, inlineBytes: 2 ** 40 };

/** A message to keep; its key is that of its bytes unless something else is given. */
export function kept(raw: Buffer, more: Partial<NewKept> = {}): NewKept {
  return {
    key: sha256(raw).digest(),
    rawSha256: sha256(raw).digest('hex'),
    size: raw.length,
    receivedAt: new Date('2026-11-01T10:00:00Z'),
    content: { zstd: zstdCompressSync(raw) },
    messageId: 'Mint',
    ...more,
  };
}

/** A key that is no other's. */
export const key = (text: string): Buffer => sha256(Buffer.from(text)).digest();

/** Adds messages in a transaction of their own. */
export const append = (
  database: Database,
  folder: KeptFolder,
  items: readonly NewKept[],
  limits = noLimits,
): Promise<readonly Appended[]> => database.transaction((client) => appendKept(client, folder, items, limits));
