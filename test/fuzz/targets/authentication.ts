import { readAuthenticationResults } from '../../../src/message/authentication/authentication-results.ts';
import { findBorder, readReceived } from '../../../src/message/authentication/received.ts';
import { trustedResults } from '../../../src/message/authentication/trusted-results.ts';
import { ascii, phrase, word } from '../mail/alphabets.ts';
import { mutate } from '../mutate/mutate.ts';
import { matches } from '../oracles/matches.ts';
import { checkValues } from '../oracles/values.ts';
import type { Random } from '../random.ts';
import { type Case, Divergence, type Target } from '../target.ts';

const blank = (random: Random): string => random.pick([' ', '  ', ' (comment; a=b (nested) \\) ) ', '']);
const space = (random: Random): string => random.pick([' ', '  ', ' (c) ']);
const methods = ['spf', 'dkim', 'dmarc', 'arc', 'iprev', 'auth', 'x-own'];
const outcomes = ['pass', 'fail', 'none', 'softfail', 'neutral', 'temperror', 'permerror'];
const properties = [
  ['smtp', 'mailfrom'],
  ['smtp', 'helo'],
  ['header', 'd'],
  ['header', 'from'],
  ['policy', 'dmarc'],
] as const;

function value(random: Random): { readonly text: string; readonly value: string } {
  if (random.once(3)) {
    const content = `${phrase(random, ascii)}${random.pick([';', ' (x) ', '"', '\\', ' a=b '])}${word(random, ascii)}`;
    return { text: `"${content.replace(/["\\]/g, '\\$&')}"`, value: content };
  }
  const plain = `${word(random, ascii)}${random.pick(['.example', '@a.example', ''])}`;
  return { text: plain, value: plain };
}

/** An Authentication-Results value (RFC 8601 §2.2) and what it says. */
function results(random: Random): Case {
  const authservId = `${word(random, ascii).toLowerCase()}.example`;
  const version = random.once(4) ? 1 : null;
  const list = random.list(0, 4, () => {
    const reason = random.once(3) ? value(random) : null;
    const all = random.list(0, 3, () => ({ name: random.pick(properties), ...value(random) }));
    const method = random.pick(methods);
    const result = random.pick(outcomes);
    const text =
      `${method}${blank(random)}=${blank(random)}${random.once(6) ? result.toUpperCase() : result}` +
      (reason === null ? '' : `${space(random)}reason${blank(random)}=${blank(random)}${reason.text}`) +
      all
        .map((one) => `${space(random)}${one.name[0]}.${one.name[1]}${blank(random)}=${blank(random)}${one.text}`)
        .join('');
    const expected = all.map((one) => ({ ptype: one.name[0], property: one.name[1], value: one.value }));
    return { text, expected: { method, result, reason: reason?.value ?? '', properties: expected } };
  });
  const head = `${blank(random)}${authservId}${version === null ? '' : `${space(random)}1`}`;
  const parts = list.length === 0 ? ['none'] : list.map((one) => one.text);
  const text = [head, ...parts].join(`${blank(random)};${blank(random)}`);
  return { bytes: Buffer.from(text), expected: { authservId, version: 1, results: list.map((one) => one.expected) } };
}

const received = (random: Random): string =>
  `from ${word(random, ascii)}.example (${random.pick(['helo=', 'HELO ', ''])}${word(random, ascii)} [${random.pick(['192.0.2.1', 'IPv6:2001:db8::1', '10.0.0.1', '999.1.1.1'])}]) ` +
  `by ${word(random, ascii)}.example (Postfix) with ESMTPS id ${word(random, ascii)}; Mon, 1 Jan 2024 00:00:00 +0000`;

function generate(random: Random): Case {
  const right = results(random);
  if (!random.once(2)) return right;
  const base = random.pick([right.bytes, Buffer.from(received(random)), Buffer.from(`i=1; ${right.bytes.toString()}`)]);
  return { bytes: mutate(random, base, () => Buffer.from(received(random))) };
}

function check({ bytes, expected }: Case): void {
  const text = bytes.toString('latin1');
  const all = (): unknown => {
    const fields = ['received', 'authentication-results', 'received'].map((name) => ({ name, value: text }));
    return [
      readAuthenticationResults(text),
      readReceived(text),
      findBorder(fields, ['a.example', '*.example']),
      trustedResults(fields, ['a.example', '-']),
    ];
  };
  const one = all();
  if (JSON.stringify(one) !== JSON.stringify(all())) throw new Divergence('not deterministic', text);
  // Values are cleaned when they become fields of a document.
  checkValues(JSON.parse(JSON.stringify(one).replaceAll('\\u0000', '?')));
  if (expected !== undefined) matches(expected, readAuthenticationResults(bytes.toString('utf8')), 'round trip');
}

/** Fields that servers write about authentication: right ones give what they say, others anything but an exception. */
export const authentication: Target = { name: 'authentication', budget: { base: 30, perKiB: 1 }, generate, check };
