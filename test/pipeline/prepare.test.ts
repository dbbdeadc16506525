import { describe, expect, test } from 'vitest';
import { MessageReader } from '../../src/pipeline/folders/read-message.ts';
import { prepareMessages } from '../../src/pipeline/prepare.ts';
import type { ReadMessage } from '../../src/pipeline/processed.ts';
import type { CompiledStep, StepRun } from '../../src/steps/step.ts';

const { signal } = new AbortController();
const run: StepRun = (document) => ({ outcome: 'pass', document });
const receivedAt = new Date(0);

const reader = new MessageReader({
  origin: { source: 'inbox', account: 'ann', folder: 'INBOX' },
  fields: [],
  onFallback: () => undefined,
});
const read = async (uid: number): Promise<ReadMessage> =>
  reader.read({ uid, raw: Buffer.from('Subject: x\r\n\r\n'), flags: [] }, { uid, size: 16, receivedAt });

describe('steps that ask before a batch is judged', () => {
  test('cost nothing when there are none', async () => {
    const messages = [await read(1)];
    expect(await prepareMessages(messages, [{ name: 'a', run }], signal)).toBe(messages);
  });

  test('are asked for each message that lives, a few at a time', async () => {
    let under = 0;
    let most = 0;
    const asking: CompiledStep = {
      name: 'ask',
      run,
      prepare: async () => {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setImmediate(resolve));
        under--;
        return run;
      },
    };
    const alive = await Promise.all(Array.from({ length: 50 }, (_, i) => read(i + 1)));
    const dead: ReadMessage = { ...alive[0]!, parsed: { death: { code: 'MESSAGE_X', detail: '' } } };
    const ready = await prepareMessages([...alive, dead], [{ name: 'a', run }, asking], signal);
    expect(ready.map(({ prepared }) => prepared?.has('ask') ?? false)).toEqual([...alive.map(() => true), false]);
    expect(most).toBe(8);
  });

  test('that are configured wrongly stop the batch', async () => {
    const wrong: CompiledStep = { name: 'ask', run, prepare: () => Promise.reject(new Error('configuration')) };
    await expect(prepareMessages([await read(1), await read(2)], [wrong], signal)).rejects.toThrow('configuration');
  });

  test('have no say when the worker ends: nothing of it is recorded', async () => {
    const stop = new AbortController();
    const asking: CompiledStep = {
      name: 'ask',
      run,
      prepare: async () => {
        stop.abort();
        return run;
      },
    };
    await expect(prepareMessages([await read(1)], [asking], stop.signal)).rejects.toThrow();
  });
});
