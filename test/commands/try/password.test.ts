import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askPassword } from '../../../src/commands/try/password.ts';

function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => void modes.push(on) });
  const output = new PassThrough();
  return { input, output, modes, shown: () => String(output.read() ?? '') };
}

describe('askPassword', () => {
  it('reads a line without showing it', async () => {
    const { input, output, modes, shown } = terminal();
    const answer = askPassword('Password: ', input, output, new AbortController().signal);
    input.write('pä');
    input.write('x\u007fss\r');
    expect(await answer).toBe('päss');
    expect(shown()).toBe('Password: \n');
    expect(modes).toEqual([true, false]);
  });

  for (const [key, name] of [
    ['\u0003', 'Ctrl-C'],
    ['\u0004', 'Ctrl-D'],
  ] as const) {
    it(`gives up on ${name}`, async () => {
      const { input, output, modes } = terminal();
      const answer = askPassword('Password: ', input, output, new AbortController().signal);
      input.write(`abc${key}`);
      expect(await answer).toBeUndefined();
      expect(modes).toEqual([true, false]);
    });
  }

  it('gives up on its signal', async () => {
    const { input, output } = terminal();
    const stop = new AbortController();
    const answer = askPassword('Password: ', input, output, stop.signal);
    stop.abort();
    expect(await answer).toBeUndefined();
  });
});
