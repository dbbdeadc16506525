import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asMailmillError, stackOf, transient } from '../../src/telemetry/errors.ts';

const secret = 'hunter2';

test('of an unexpected error the frames are told, not its words', () => {
  const error = asMailmillError(new TypeError(`no such login: ann@example.org ${secret}\n    of two lines`));
  expect(error.message).not.toContain(secret);
  const { stack = '' } = stackOf(error);
  expect(stack).toMatch(/^at .*errors\.test\.ts:\d+/);
  expect(stack).not.toMatch(/hunter2|ann@|two lines/);
});

test('what is known, and what is no error, has none', () => {
  expect(stackOf(transient('IMAP_UNREACHABLE', 'look', { cause: new Error(secret) }))).toEqual({});
  expect(stackOf(asMailmillError(secret))).toEqual({});
});

test('nobody else writes stacks but the command line, to whoever has typed the command', () => {
  const root = new URL('../../src/', import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?ts$/.test(file));
  const writers = files.filter((file) =>
    /\b(thrown|cause|error|reason)\.stack\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(writers.sort()).toEqual(['main.ts', 'telemetry/errors.ts']);
});
