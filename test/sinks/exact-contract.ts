import { expect, test } from 'vitest';
import type { Progress, ProgressKey, Row, WriteContext, WriteResult } from '../../src/sinks/sink.ts';

/** What an `Exact` sink offers to the contract. */
export interface ExactSink {
  commit(
    rows: readonly Row[],
    progress: readonly Progress[],
    context: WriteContext,
    signal: AbortSignal,
  ): Promise<WriteResult>;
  progress(keys: readonly ProgressKey[], signal: AbortSignal): Promise<readonly (Progress | undefined)[]>;
  writeProgressIfAbsent(progress: readonly Progress[], signal: AbortSignal): Promise<void>;
}

export interface ExactSubject {
  readonly sink: ExactSink;
  /** A second worker's sink on the same table. */
  readonly other: ExactSink;
  /** `subject` of each document that the receiver now holds, by document id. */
  readonly contents: () => Promise<ReadonlyMap<string, unknown>>;
}

export const signal = new AbortController().signal;
export const context: WriteContext = { revision: 'abcdef0123', source: 'support' };
export const documentId = (n: number) => `01890000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;
export const key = (folder = 'INBOX'): ProgressKey => ({
  namespace: 'team',
  pipeline: 'orders',
  sink: 'warehouse',
  source: 'support',
  account: 'support@example.com',
  folder,
  epoch: 4294967295n,
});
export const progress = (version: number, token: number, folder?: string): Progress => ({
  key: key(folder),
  version: BigInt(version),
  token: BigInt(token),
});
export const row = (n: number, subject: unknown, edition = 1): Row => ({
  documentId: documentId(n),
  edition,
  document: { subject },
});

/** Tests that every sink which declares `Exact` passes; `fresh` makes an empty one. Documents have `subject: string`. */
export function exactContract(fresh: () => Promise<ExactSubject>): void {
  const is = (contents: ReadonlyMap<string, unknown>) =>
    [...contents].sort().map(([id, subject]) => `${id.slice(-2)} ${subject}`);

  test('the same batch twice leaves the same documents', async () => {
    const { sink, contents } = await fresh();
    const batch = [row(1, 'a'), row(2, 'b')];
    await sink.commit(batch, [progress(1, 1)], context, signal);
    await sink.commit(batch.toReversed(), [progress(1, 1)], context, signal);
    expect(is(await contents())).toEqual(['01 a', '02 b']);
  });

  test('the same document twice in a batch is one document', async () => {
    const { sink, contents } = await fresh();
    const result = await sink.commit([row(1, 'old'), row(1, 'new', 2)], [progress(1, 1)], context, signal);
    expect(result).toEqual({ written: 1, refused: [] });
    expect(is(await contents())).toEqual(['01 new']);
  });

  test('an older edition never replaces a newer one, a newer or equal one does', async () => {
    const { sink, contents } = await fresh();
    await sink.commit([row(1, 'second', 2), row(2, 'first', 1)], [progress(1, 1)], context, signal);
    const result = await sink.commit([row(1, 'first', 1), row(2, 'second', 2)], [progress(2, 1)], context, signal);
    expect(result).toEqual({ written: 1, refused: [] });
    expect(is(await contents())).toEqual(['01 second', '02 second']);
    await sink.commit([row(1, 'again', 2)], [progress(3, 1)], context, signal);
    expect(is(await contents())).toEqual(['01 again', '02 second']);
  });

  test('a writer whose lease is older than the recorded one is fenced, and writes nothing', async () => {
    const { sink, other, contents } = await fresh();
    await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    await other.commit([row(2, 'b')], [progress(2, 2)], context, signal);
    await expect(sink.commit([row(3, 'c')], [progress(2, 1)], context, signal)).rejects.toMatchObject({
      code: 'SINK_FENCED',
      family: 'Transient',
    });
    expect(is(await contents())).toEqual(['01 a', '02 b']);
    expect(await sink.progress([key()], signal)).toEqual([progress(2, 2)]);
  });

  test('one fenced folder fences the whole batch', async () => {
    const { sink, contents } = await fresh();
    await sink.commit([], [progress(1, 5, 'B')], context, signal);
    const both = [progress(1, 4, 'A'), progress(2, 4, 'B')];
    await expect(sink.commit([row(1, 'a')], both, context, signal)).rejects.toMatchObject({ code: 'SINK_FENCED' });
    expect(await contents()).toEqual(new Map());
    expect(await sink.progress([key('A')], signal)).toEqual([undefined]);
  });

  test('progress is told in the order of the keys, and first sight never overwrites it', async () => {
    const { sink } = await fresh();
    await sink.commit([], [progress(7, 1, 'A')], context, signal);
    await sink.writeProgressIfAbsent([progress(1, 1, 'A'), progress(3, 1, 'C')], signal);
    expect(await sink.progress([key('C'), key('B'), key('A')], signal)).toEqual([
      progress(3, 1, 'C'),
      undefined,
      progress(7, 1, 'A'),
    ]);
  });

  test('a row that cannot be stored is refused alone', async () => {
    const { sink, contents } = await fresh();
    const result = await sink.commit([row(1, 'a'), row(2, 5), row(3, 'c')], [progress(1, 1)], context, signal);
    expect(result.written).toBe(2);
    expect(result.refused.map((refusal) => refusal.documentId)).toEqual([documentId(2)]);
    expect(is(await contents())).toEqual(['01 a', '03 c']);
  });

  test('an aborted commit writes nothing', async () => {
    const { sink, contents } = await fresh();
    const stopped = AbortSignal.abort(new Error('stop'));
    await expect(sink.commit([row(1, 'a')], [progress(1, 1)], context, stopped)).rejects.toThrow('stop');
    expect(await contents()).toEqual(new Map());
  });
}
