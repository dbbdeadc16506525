import { expect, test } from 'vitest';
import { fetchedMessage } from '../../../src/sources/imap/fetched.ts';

const flags = ['\\Seen'];
const body = Buffer.from('x');

test('\\Recent is no flag of a message, and a size beyond the limit is told', () => {
  expect(fetchedMessage({ uid: 1, body, flags: ['\\Recent', '\\Seen'] })).toEqual({ uid: 1, raw: body, flags });
  expect(fetchedMessage({ uid: 2, body, flags, oversize: 7 })).toEqual({ uid: 2, raw: body, flags, oversize: 7 });
});

test('its memory goes with it, and a row without a body is no message', () => {
  const memory = { release: () => undefined };
  expect(fetchedMessage({ uid: 1, body, memory })).toEqual({ uid: 1, raw: body, flags: [], memory });
  expect(fetchedMessage({ uid: 1, flags })).toBeUndefined();
});
