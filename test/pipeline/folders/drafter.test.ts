import { describe, expect, test } from 'vitest';
import { messageFields, messageTypes } from '../../../src/message/fields.ts';
import { Drafter, type DraftingContext } from '../../../src/pipeline/folders/drafter.ts';
import { MessageReader } from '../../../src/pipeline/folders/read-message.ts';
import { judge, type ReadMessage } from '../../../src/pipeline/processed.ts';
import { compileSteps } from '../../../src/steps/registry.ts';
import { mintMessageId } from '../../../src/store/message-id.ts';
import { FakeSink } from '../fakes.ts';

const origin = { source: 'mail', account: 'ann', folder: 'INBOX' };
const place = { namespace: 'shop', ...origin, uidvalidity: 7n };
const raw = Buffer.from('From: a@example.org\r\nSubject: order\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n');
const listed = { uid: 3, size: raw.length, receivedAt: new Date(1e12) };

function steps(...specs: Parameters<typeof compileSteps>[0]) {
  const compiled = compileSteps(specs, messageTypes, { clock: () => new Date(0), secret: async () => '' });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.steps;
}

function reading(context: Partial<DraftingContext> = {}) {
  const whole = { steps: steps(), sinks: [new FakeSink('warehouse')], edition: 1, ...context };
  const reader = new MessageReader({ origin, fields: messageFields, onFallback: () => undefined });
  const read = () => reader.read({ uid: 3, raw, flags: [] }, listed) as ReadMessage;
  const plain = read();
  reader.drafter = Drafter.of(whole, place);
  return { whole, plain, drafted: read() };
}

/** What a message becomes under an id, and what is said of it when nothing is made ahead. */
function both({ whole, plain, drafted }: ReturnType<typeof reading>, id: string) {
  const [made, expected] = [drafted, plain].map((read) => judge(read, id, origin, whole));
  const row = made?.state === 'Processed' ? { documentId: made.documentId, document: made.document } : {};
  return { made: { ...made, ...row }, expected };
}

const minted = (read: ReadMessage) => mintMessageId({ ...place, ...read });

describe('a draft', () => {
  const set = { name: 'note', set: { note: '"id " + id', subject: 'subject + "!"' } };

  test('is the row under the id that a message has when nobody saw it before', () => {
    const world = reading({ steps: steps(set), edition: 3 });
    const id = minted(world.plain);
    expect(world.drafted.minted).toEqual({ place: 'shop\0mail\0ann\0INBOX\x007\0', id });
    const { made, expected } = both(world, id);
    expect(expected).toMatchObject({ document: { id, note: `id ${id}`, subject: 'order!' } });
    expect(made).toMatchObject({
      state: 'Processed',
      document: expected && 'document' in expected && expected.document,
    });
    expect(made).toMatchObject({ documentId: id, edition: 3, encoded: [{ by: world.whole.sinks[0] }] });
  });

  test('is thrown away for a message that was seen before, under another id', () => {
    const world = reading({ steps: steps(set) });
    const id = '00000000-0000-8000-8000-000000000001';
    const { made, expected } = both(world, id);
    expect(made).toEqual(expected);
    expect(made).toMatchObject({ document: { id, note: `id ${id}`, folder: 'INBOX' } });
    expect(made).not.toHaveProperty('encoded');
  });

  test('of a message that a step drops, or fails on, says so', () => {
    const filter = (when: string) => steps({ name: 'only', filter: when });
    for (const [when, state] of [
      ['subject == "bill"', 'Dropped'],
      ['int(subject) > 1', 'Dead'],
    ] as const) {
      const world = reading({ steps: filter(when) });
      const { made, expected } = both(world, minted(world.plain));
      expect(made).toEqual(expected);
      expect(made).toMatchObject({ state });
    }
  });

  test('that a sink cannot make is no failure of the parser', () => {
    class Broken extends FakeSink {
      override encode(): never {
        throw new Error('out of memory');
      }
    }
    expect(() => reading({ sinks: [new Broken('w')] })).toThrow('out of memory');
  });

  test('is not made where documents are needed later, or nothing wants them encoded', () => {
    const asking = [{ ...steps(set)[0]!, prepare: async () => steps(set)[0]!.run }];
    class Merging extends FakeSink {
      override encodes(): boolean {
        return false;
      }
    }
    const outbox = {} as NonNullable<DraftingContext['outbox']>;
    for (const context of [{ sinks: [] }, { steps: asking }, { sinks: [new Merging('w')] }, { outbox }]) {
      const { drafted } = reading(context);
      expect(drafted.parsed).toHaveProperty('document');
    }
    expect(reading().drafted.parsed).toHaveProperty('draft');
  });
});
