import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { type Field, messageFields, sha256 } from '../../../src/message/fields.ts';
import { headerIdHash } from '../../../src/message/header-id.ts';
import type { Message } from '../../../src/message/normal-message.ts';
import { parseMessage } from '../../../src/message/parse.ts';
import { countFallback } from '../../../src/pipeline/commits/commit-metrics.ts';
import type { PipelineContext } from '../../../src/pipeline/context.ts';
import { MessageReader, type ReaderOptions } from '../../../src/pipeline/folders/read-message.ts';
import { unreadableMessage } from '../../../src/pipeline/folders/unreadable.ts';
import { judge, type ReadMessage, tooLargeMessage } from '../../../src/pipeline/processed.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { workerMetrics } from '../../../src/telemetry/metrics.ts';

const origin = { source: 'inbox', account: 'ann', folder: 'INBOX' };
const receivedAt = new Date('2024-08-22T10:00:00Z');
const raw = Buffer.from(
  'From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nMessage-ID: <1@x>\r\nDate: soon\r\n\r\nhello\r\n',
);

function reading(options: Partial<ReaderOptions>) {
  const reasons: string[] = [];
  const reader = new MessageReader({
    origin,
    fields: messageFields,
    onFallback: (reason) => void reasons.push(reason),
    ...options,
  });
  return { reasons, result: reader.read({ uid: 7, raw, flags: ['\\Seen'] }, { uid: 7, size: raw.length, receivedAt }) };
}

const documentOf = (read: ReadMessage) => {
  if ('death' in read.parsed) throw new Error(read.parsed.death.code);
  if ('draft' in read.parsed) return read.parsed.draft.again();
  return read.parsed.document;
};

const isOurs = (message: Message) => message.defects.every(({ code }) => code !== 'PARSED_BY_MAILPARSER');

/** The message's fields, one of which our own parser cannot read. */
const faulty = (name: string): readonly Field[] =>
  messageFields.map((field) => ({
    ...field,
    value: (message, sighting) => {
      if (field.name === name && isOurs(message)) throw new RangeError('of mail: secret@example.com');
      return field.value(message, sighting);
    },
  }));

describe('a message that arrives', () => {
  test('says where its bytes lie and what the server calls it', async () => {
    const memory = { release: () => undefined };
    const reader = new MessageReader({ origin, fields: [], onFallback: () => undefined });
    const listed = { uid: 7, size: raw.length, receivedAt };
    expect(await reader.read({ uid: 7, raw, flags: [], memory }, { ...listed, objectId: 'M1' })).toMatchObject({
      memory,
      objectId: 'M1',
    });
    expect(await reader.read({ uid: 7, raw, flags: [] }, listed)).not.toHaveProperty('memory');
  });

  test('is a document at once, without a promise; where it stands is told when it is judged', () => {
    const { result, reasons } = reading({});
    if (result instanceof Promise) throw new Error('a promise');
    const verdict = judge(result, 'the-id', { ...origin, folder: 'Archive' }, { steps: [], edition: 2 });
    expect(verdict).toMatchObject({
      state: 'Processed',
      document: {
        id: 'the-id',
        account: 'ann',
        folder: 'Archive',
        subject: 'grün',
        text: 'hello\n',
        receivedAt,
        size: raw.length,
        rawSha256: sha256(raw),
        flags: ['\\Seen'],
      },
    });
    expect(reasons).toEqual([]);
  });

  test('has no field that the revision does not need', () => {
    const { result } = reading({ fields: messageFields.filter(({ name }) => name === 'subject') });
    if (result instanceof Promise) throw new Error('a promise');
    expect(judge(result, 'x', origin, { steps: [], edition: 2 })).toEqual({
      ...{ state: 'Processed', documentId: 'x', edition: 2, document: { subject: 'grün' } },
    });
  });

  test('has the hash of its Message-ID, whatever fields are needed and whichever parser read it', async () => {
    const hash = headerIdHash('1@x');
    const broken = () => {
      throw new TypeError('bug');
    };
    const small = { limits: { headerBytes: 10, parts: 10, depth: 10 } };
    const readings: readonly Partial<ReaderOptions>[] = [
      {},
      { fields: [] },
      { fields: messageFields.filter(({ name }) => name === 'size') },
      { fields: faulty('text') },
      { parse: broken },
      { parse: broken, fallback: () => Promise.reject(new RangeError('bug')) },
      { parse: (bytes) => parseMessage(bytes, small) },
    ];
    for (const options of readings) expect((await reading(options).result).headerIdHash).toBe(hash);
    expect((await reading({ headerIds: false }).result).headerIdHash).toBeUndefined();
    const reader = new MessageReader({ origin, fields: [], onFallback: () => undefined });
    const listed = { uid: 1, size: 1, receivedAt };
    const without = reader.read({ uid: 1, raw: Buffer.from('Subject: x\r\n\r\n<1@x>'), flags: [] }, listed);
    expect((await without).headerIdHash).toBe(headerIdHash(''));
    const refused = { code: 'SOURCE_REFUSED', detail: 'no' };
    expect((await reader.read({ uid: 1, raw, flags: [], refused }, listed)).headerIdHash).toBe(hash);
  });

  test('that comes with its header alone, or not at all, has the hash that the header tells', () => {
    const listed = { uid: 1, size: 1, receivedAt };
    const header = raw.subarray(0, raw.indexOf('\r\n\r\n') + 4);
    expect(tooLargeMessage(listed, header, 1).headerIdHash).toBe(headerIdHash('1@x'));
    expect(unreadableMessage(listed, header).headerIdHash).toBe(headerIdHash('1@x'));
    expect(unreadableMessage(listed, undefined).headerIdHash).toBeUndefined();
  });

  test('goes to mailparser where our own parser fails on a field that is read late', async () => {
    for (const field of ['text', 'report', 'from', 'defects']) {
      const { result, reasons } = reading({ fields: faulty(field) });
      expect(documentOf(await result)).toMatchObject({
        subject: 'grün',
        from: { name: 'Ann', address: 'ann@example.com', domain: 'example.com' },
        text: 'hello\n',
        messageId: '1@x',
        defects: ['PARSED_BY_MAILPARSER'],
      });
      expect(documentOf(await result)).not.toHaveProperty('date');
      expect(reasons).toEqual([field]);
    }
  });

  test('goes to mailparser where its structure cannot be read, which is counted and told without content', async () => {
    const registry = new Registry();
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) > 0 };
    // What counting looks at.
    const context = {
      revision: { namespace: 'ns', pipeline: 'mail' },
      metrics: workerMetrics(registry),
      log: createLogger({ stream, level: 'info' }),
    } as unknown as PipelineContext;
    const parse = () => {
      throw new TypeError('of mail: secret@example.com\n    at secret');
    };
    const { result } = reading({
      parse,
      onFallback: (reason, error) => countFallback(context, 'inbox', reason, error),
    });
    expect(documentOf(await result)).toMatchObject({ subject: 'grün' });
    expect(await registry.metrics()).toContain(
      'mailmill_parser_fallback_total{namespace="ns",pipeline="mail",source="inbox",reason="structure"} 1',
    );
    expect(lines.join('')).toMatch(/TypeError.*read-message\.test\.ts/);
    expect(lines.join('')).not.toContain('secret');
  });

  test('is dead only where mailparser fails as well, or would take too long', async () => {
    const parse = () => {
      throw new TypeError('bug');
    };
    const failed = await reading({ parse, fallback: () => Promise.reject(new RangeError('bug')) }).result;
    expect(failed.parsed).toMatchObject({ death: { code: 'MESSAGE_UNPARSABLE' } });
    expect(judge(failed, 'x', origin, { steps: [], edition: 2 })).toMatchObject({ state: 'Dead' });
    const reader = new MessageReader({ origin, fields: messageFields, onFallback: () => undefined, parse });
    const large = Buffer.concat([raw, Buffer.alloc(9 * 2 ** 20, 'x')]);
    const read = await reader.read({ uid: 1, raw: large, flags: [] }, { uid: 1, size: large.length, receivedAt });
    expect(read.parsed).toMatchObject({ death: { code: 'MESSAGE_UNPARSABLE' } });
  });

  test('that exceeds a limit is dead, and mailparser is not asked', () => {
    const { result, reasons } = reading({
      parse: (bytes) => parseMessage(bytes, { limits: { headerBytes: 10, parts: 10, depth: 10 } }),
    });
    if (result instanceof Promise) throw new Error('a promise');
    expect(result.parsed).toMatchObject({ death: { code: expect.stringMatching(/^MESSAGE_(?!UNPARSABLE)/) } });
    expect(reasons).toEqual([]);
  });
});
