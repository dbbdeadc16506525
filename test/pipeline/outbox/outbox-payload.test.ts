import { describe, expect, test } from 'vitest';
import { messageTypes } from '../../../src/message/fields.ts';
import { documentJson, packed, unpacked } from '../../../src/pipeline/outbox/outbox-payload.ts';
import { compilePipeline } from '../../../src/pipeline/revision/compile.ts';
import { neededFields } from '../../../src/pipeline/revision/needed-fields.ts';

const facts = {
  ...{ id: '01890000-0000-8000-8000-000000000001', edition: 2, namespace: 'n', pipeline: 'p', source: 's' },
  timestamp: new Date('2026-11-21T12:00:00Z'),
};

describe('a document as JSON', () => {
  test('says what it is, and has its fields but those on demand', () => {
    const json = documentJson(
      { subject: 'é\ud800', n: 2n ** 60n, at: new Date(0), rawHeaders: [], gone: undefined },
      facts,
    );
    expect(String(json)).toBe(
      '{"type":"mailmill.document","timestamp":"2026-11-21T12:00:00.000Z","data":{"id":"01890000-0000-8000-8000-000000000001","edition":2,"namespace":"n","pipeline":"p","source":"s","document":{"subject":"é\ufffd","n":1152921504606846976,"at":"1970-01-01T00:00:00.000Z"}}}',
    );
  });

  test('is refused when a value is no data', () => {
    expect(() => documentJson({ at: new Date(Number.NaN) }, facts)).toThrow('impossible date');
  });
});

test.each([0, 10, 65_536, 65_537, 3_000_000])('%d bytes come back as they were', async (size) => {
  const bytes = Buffer.from(Array.from({ length: size }, (_, n) => (n * 7919) % 251));
  expect((await unpacked(await packed(bytes), size)).equals(bytes)).toBe(true);
});

describe('a revision with a webhook', () => {
  const compiled = (webhook: object) =>
    compilePipeline(
      {
        metadata: { name: 'mail', namespace: 'n' },
        spec: {
          source: { name: 'in' },
          sinks: [{ name: 'hook', webhook: { url: 'https://example.com', ...webhook } }],
        },
      },
      [{ metadata: { name: 'in' }, spec: { maildir: { path: 'm' } } }],
    );

  test('needs the keys of its Secrets', () => {
    const made = compiled({
      auth: { type: 'Bearer', secretRef: { name: 'hook' } },
      tls: { caSecretRef: { name: 'authority' } },
    });
    expect(made.ok && made.secrets).toEqual([
      { name: 'authority', key: 'ca.crt' },
      { name: 'hook', key: 'token' },
      { name: 'mailmill-store', key: 'uri' },
    ]);
  });

  test('computes every field in JSON mode, and none in raw mode', () => {
    const fields = (mode: 'Json' | 'Raw') =>
      neededFields([{ webhook: { url: 'https://example.com', mode } }], {
        types: messageTypes,
        uses: new Set(['subject']),
      });
    expect([...fields('Raw')]).toEqual(['subject']);
    expect(fields('Json').has('text')).toBe(true);
    expect(fields('Json').has('rawHeaders')).toBe(false);
  });
});
