import { expect, test } from 'vitest';
import { columnName } from '../../src/message/column-name.ts';
import { messageFields } from '../../src/message/fields.ts';

test.each([
  ['id', 'id'],
  ['replyTo', 'reply_to'],
  ['rawSha256', 'raw_sha256'],
  ['messageID', 'message_id'],
  ['HTMLBody', 'html_body'],
  ['snake_case', 'snake_case'],
  ['_hidden', '_hidden'],
  ['order2Id', 'order2_id'],
])('%s becomes %s', (field, column) => {
  expect(columnName(field)).toBe(column);
});

test('names that grow too long are cut to 59 bytes and stay apart', () => {
  const names = ['A', 'B'].map((end) => columnName(`${'aB'.repeat(28)}${end}`));
  expect(names.map((name) => Buffer.byteLength(name))).toEqual([59, 59]);
  expect(names[0]).not.toBe(names[1]);
  expect(names[0]).toMatch(/^[a-z_]+_[0-9a-f]{8}$/);
});

test('no two fields of a message share a column', () => {
  const names = messageFields.map((field) => columnName(field.name));
  expect(new Set(names).size).toBe(names.length);
});
