import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/message/message.ts';
import type { Message } from '../../src/message/normal-message.ts';
import { parseMessage } from '../../src/message/parse.ts';

interface ExpectedAddress {
  readonly name: string | null;
  readonly address: string | null;
  readonly group?: string;
}
interface ExpectedAttachment {
  readonly filename?: string | null;
  readonly contentType?: string;
  readonly size?: number;
  readonly sha256?: string;
}
interface Expected {
  readonly from?: readonly ExpectedAddress[];
  readonly to?: readonly ExpectedAddress[];
  readonly cc?: readonly ExpectedAddress[];
  readonly subject?: string;
  readonly messageId?: string;
  readonly date?: string | null;
  readonly text?: string | null;
  readonly html?: string | null;
  readonly attachments?: readonly ExpectedAttachment[];
  readonly attachmentsAtLeast?: readonly ExpectedAttachment[];
}
interface Case {
  readonly recovery: boolean;
  readonly expected: Expected;
}

/** Cases without `recovery` that we read otherwise, and why. */
const exceptions: Readonly<Record<string, string>> = {};

const folder = path.resolve(import.meta.dirname, '../../../shared/data/mime');
const present = fs.existsSync(path.join(folder, 'expected.json'));
const cases: [string, Case][] = present
  ? Object.entries(JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')).files)
  : [];

/** U+0000 is replaced by a written rule; parsers differ about final newlines. */
const sameText = (text: string) => text.replaceAll('\0', '\uFFFD').replace(/\n+$/, '');

const addresses = (list: readonly ExpectedAddress[]) =>
  list.map((a) => ({ name: a.name ?? '', address: a.address ?? '', group: a.group }));
const ours = (list: readonly Address[]) => list.map(({ name, address, group }) => ({ name, address, group }));

function attachment(expected: ExpectedAttachment, actual: Message['attachments'][number] | undefined): void {
  // Size and hash of these are the source's convention, not to be scored.
  const conventional = expected.contentType === 'message/partial' || expected.contentType === 'message/external-body';
  // A nested message is named by its subject here.
  if (expected.filename !== undefined && expected.contentType !== 'message/rfc822')
    expect(actual?.filename, 'filename').toBe(expected.filename ?? '');
  if (expected.contentType !== undefined) expect(actual?.contentType, 'contentType').toBe(expected.contentType);
  if (conventional) return;
  if (expected.size !== undefined) expect(actual?.size, 'size').toBe(expected.size);
  if (expected.sha256 !== undefined) expect(actual?.sha256, 'sha256').toBe(expected.sha256);
}

function compare(expected: Expected, message: Message): void {
  if (expected.from !== undefined)
    expect(message.from === null ? [] : ours([message.from]), 'from').toEqual(addresses(expected.from.slice(0, 1)));
  if (expected.to !== undefined) expect(ours(message.to), 'to').toEqual(addresses(expected.to));
  if (expected.cc !== undefined) expect(ours(message.cc), 'cc').toEqual(addresses(expected.cc));
  if (expected.subject !== undefined) expect(message.subject, 'subject').toBe(expected.subject);
  if (expected.messageId !== undefined) expect(message.messageId, 'messageId').toBe(expected.messageId);
  if (expected.date !== undefined)
    expect(message.date?.toISOString() ?? null, 'date').toBe(
      expected.date === null ? null : new Date(expected.date).toISOString(),
    );
  // The first text of the body is recorded, ours joins all of them; the conformance set `mime` compares the first one exactly.
  if (typeof expected.text === 'string')
    expect(sameText(message.text).startsWith(sameText(expected.text)), 'text').toBe(true);
  if (typeof expected.html === 'string') expect(sameText(message.html), 'html').toBe(sameText(expected.html));
  if (expected.attachments !== undefined) {
    expect(message.attachments.length, 'attachments').toBe(expected.attachments.length);
    expected.attachments.forEach((one, i) => {
      attachment(one, message.attachments[i]);
    });
  }
  for (const one of expected.attachmentsAtLeast ?? [])
    attachment(
      one,
      message.attachments.find((a) => a.filename === one.filename),
    );
}

const parse = (name: string) => parseMessage(fs.readFileSync(path.join(folder, name)));
const strict = cases.filter(([, one]) => !one.recovery);

test('the conformance data is there where it must be', () => {
  expect(present || !process.env.CI, `${folder} is missing`).toBe(true);
  if (!present) process.stderr.write(`left out: no conformance data in ${folder}\n`);
});

describe.runIf(present)('public conformance data', () => {
  test('at least 98 % of the strict cases are held to their values', () => {
    const held = strict.filter(([name]) => !(name in exceptions));
    expect(held.length / strict.length).toBeGreaterThanOrEqual(0.98);
    for (const name of Object.keys(exceptions)) expect(cases.map(([one]) => one)).toContain(name);
  });

  test.each(strict.filter(([name]) => !(name in exceptions)))('%s', async (name, { expected }) => {
    compare(expected, await parse(name));
  });

  test.each(cases.filter(([, one]) => one.recovery))('%s is survived', async (name, { expected }) => {
    const message = await parse(name);
    if (expected.subject !== undefined) expect(message.subject).toBe(expected.subject);
  });
});
