import { toPlain } from '../../../src/commands/parse/plain.ts';
import { rawTree } from '../../../src/commands/parse/raw-tree.ts';
import { defectCodes } from '../../../src/message/defect-codes.ts';
import { sha256, toDocument } from '../../../src/message/fields.ts';
import { everything } from '../../../src/message/insights.ts';
import type { Message } from '../../../src/message/normal-message.ts';
import { parseMessage } from '../../../src/message/parse.ts';
import { MailmillError } from '../../../src/telemetry/errors.ts';
import { seeds } from '../corpora.ts';
import { message } from '../mail/message.ts';
import { anyReport } from '../mail/reports.ts';
import { mutate } from '../mutate/mutate.ts';
import { matches } from '../oracles/matches.ts';
import { checkTree } from '../oracles/tree.ts';
import { checkValues } from '../oracles/values.ts';
import type { Random } from '../random.ts';
import { type Case, Divergence, type Target } from '../target.ts';

/** What a call gives, or the code of the MESSAGE_ error that ends it; any other error is a crash. */
function outcome<T>(call: () => T): { readonly value: T } | { readonly code: string } {
  try {
    return { value: call() };
  } catch (error) {
    if (error instanceof MailmillError && error.code.startsWith('MESSAGE_')) return { code: error.code };
    throw error;
  }
}

const text = (value: unknown): string => JSON.stringify(toPlain(value));

/** The first place where two texts differ, with what stands around it. */
function difference(one: string, two: string): string {
  let at = 0;
  while (at < one.length && one[at] === two[at]) at++;
  return `${one.slice(Math.max(0, at - 40), at + 60)} … ${two.slice(Math.max(0, at - 40), at + 60)}`;
}

function same(rule: string, one: unknown, two: unknown): void {
  const [first, second] = [text(one), text(two)];
  if (first !== second) throw new Divergence(rule, difference(first, second));
}

const sighting = {
  id: '01893c11-5400-8000-8000-000000000001',
  source: 's',
  account: 'a',
  folder: 'INBOX',
  receivedAt: new Date(0),
  size: 0,
  rawSha256: '0'.repeat(64),
  flags: [],
};

function checkMessage(parsed: Message, raw: Buffer): void {
  checkValues(parsed);
  checkValues(toDocument(parsed, sighting), 'document');
  for (const { code } of parsed.defects)
    if (!Object.hasOwn(defectCodes, code)) throw new Divergence('unknown defect', code);
  for (const { size } of parsed.attachments)
    if (!Number.isSafeInteger(size) || size < 0 || size > raw.length)
      throw new Divergence('size of an attachment', `${size} of ${raw.length}`);
}

/** What does not depend on whether lines end in LF or CRLF. */
const independent = ({ text: plain, html, subject, from, to, cc, date, messageId, headers, attachments }: Message) => ({
  ...{ plain, html, subject, from, to, cc, date, messageId, headers },
  attachments: attachments.map(({ filename, contentType }) => [filename, contentType]),
});

/** LF and CRLF mean the same, where no CR stands alone, no charset has them as halves of characters and no limit is near. */
function checkNewlines(raw: Buffer, parsed: Message): void {
  // Half a character takes the newline behind it for its other half.
  if (parsed.defects.some(({ code }) => code === 'CHARSET_INVALID_BYTES')) return;
  const latin1 = raw.toString('latin1');
  const longer = latin1.replace(/\r?\n/g, '\r\n');
  if (longer.length > 65_536 || /\r(?!\n)|utf-?(?:16|32)|ucs|iso-10646|binary/i.test(latin1)) return;
  const lf = outcome(() => parseMessage(Buffer.from(latin1.replaceAll('\r\n', '\n'), 'latin1')));
  const crlf = outcome(() => parseMessage(Buffer.from(longer, 'latin1')));
  if (!('value' in lf) || !('value' in crlf)) throw new Divergence('a limit depends on newlines', parsed.subject);
  same('LF and CRLF differ', independent(lf.value), independent(crlf.value));
}

/** What is asked for first, and in which order, must not matter. */
function checkLaziness(raw: Buffer, parsed: Message): void {
  const names = Object.keys(parsed).filter((name) => name in parsed) as (keyof Message)[];
  const turn = raw.length % names.length;
  const order = [...names.slice(turn), ...names.slice(0, turn)];
  for (const list of [order, order.toReversed()]) {
    const lazy = parseMessage(raw);
    for (const name of list)
      same(
        `${name} depends on what was asked before`,
        outcome(() => lazy[name]),
        { value: parsed[name] },
      );
  }
}

function check({ bytes: raw, expected }: Case): void {
  const before = sha256(raw);
  const parsed = outcome(() => everything(parseMessage(raw)));
  const again = outcome(() => everything(parseMessage(Buffer.from(raw))));
  same('not deterministic', parsed, again);
  const tree = outcome(() => rawTree(raw));
  if ('value' in parsed) {
    checkMessage(parsed.value, raw);
    checkLaziness(raw, parsed.value);
    checkNewlines(raw, parsed.value);
  }
  if (sha256(raw) !== before) throw new Divergence('the raw bytes were changed', '');
  // A copy where lines end in CR: its positions are the same.
  if ('value' in tree && !('value' in parsed && parsed.value.defects.some(({ code }) => code === 'CR_LINES')))
    checkTree(raw, tree.value);
  if (expected === undefined) return;
  if (!('value' in parsed)) throw new Divergence('valid mail is refused', parsed.code);
  const got = toPlain({ ...parsed.value, defects: parsed.value.defects.map(({ code }) => code) });
  matches(expected, got, 'round trip');
}

let loaded: readonly Buffer[] | undefined;

/** Bytes to mutate: a real message, or one that was made. */
function base(random: Random, all: readonly Buffer[]): Buffer {
  switch (random.int(3)) {
    case 0:
      return random.pick(all);
    case 1:
      return anyReport(random).raw;
    default:
      return message(random).raw;
  }
}

/** Broken mail: any bytes give a message or a MESSAGE_ error. */
export const parser: Target = {
  name: 'parser',
  // 17 KB may be 6,000 addresses: 80 ms, most of which the check takes itself, for texts to compare.
  budget: { base: 120, perKiB: 1.5 },
  generate: (random) => {
    loaded ??= seeds();
    const all = loaded;
    return { bytes: mutate(random, base(random, all), () => random.pick(all)) };
  },
  check,
};

/** Mail that needs no repair: what was put in comes out. */
export const roundTrip: Target = {
  name: 'round-trip',
  budget: { base: 60, perKiB: 1.5 },
  generate: (random) => {
    const { raw, expected } = random.once(4) ? anyReport(random) : message(random);
    return { bytes: raw, expected };
  },
  check,
};
