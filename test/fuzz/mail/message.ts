import type { Plain } from '../../../src/commands/parse/plain.ts';
import type { Random } from '../random.ts';
import { addressList, oneAddress } from './addresses.ts';
import { alphabets, ascii, phrase, utf8, word } from './alphabets.ts';
import { attachment, htmlText, nestedMessage, plainText } from './bodies.ts';
import { dateHeader } from './dates.ts';
import { asciiParameter } from './parameters.ts';
import { type ExpectedAttachment, type PartPlan, print } from './printer.ts';
import { encodedWords, folded } from './words.ts';

/** A message that keeps to the RFCs (nearly), and what must come of it. */
export interface Mail {
  readonly raw: Buffer;
  readonly expected: { readonly [name: string]: Plain };
  readonly subject: string;
}

/** A body with what comes of it. */
export interface BodyPlan {
  readonly part: PartPlan;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly ExpectedAttachment[];
}

const boundaryEnds = ["'()+_,-./:=?", ' x', '--', '', ''];

/** A multipart; its boundary stands in no text, because none has `=_` with letters behind it at the start of a line. */
export function multipart(random: Random, subtype: string, parts: readonly PartPlan[], more = ''): PartPlan {
  // The number of choices so far is no other part's.
  const boundary = `=_${word(random, ascii)}${random.choices.length}${random.once(4) ? random.pick(boundaryEnds) : ''}`;
  const shown = random.once(8) ? subtype.toUpperCase() : subtype;
  return {
    headers: [`Content-Type: multipart/${shown}${more}${asciiParameter(random, 'boundary', boundary)}`],
    boundary,
    parts,
    preamble: random.once(4) ? `${phrase(random, ascii)}\r\n` : '',
    epilogue: random.pick(['\r\n', '', '\r\nepilogue\r\n', '  \r\n']),
  };
}

function simpleBody(random: Random): BodyPlan {
  if (random.once(3)) {
    const { part, text, plain } = htmlText(random);
    return { part, text: plain, html: text, attachments: [] };
  }
  const { part, text } = plainText(random);
  return { part, text, html: '', attachments: [] };
}

function related(random: Random): BodyPlan {
  const { part, text, plain } = htmlText(random);
  const images = random.list(1, 2, () => attachment(random, true));
  const whole = multipart(random, 'related', [part, ...images.map((one) => one.part)], '; type="text/html"');
  return { part: whole, text: plain, html: text, attachments: images.map((one) => one.expected) };
}

function alternative(random: Random): BodyPlan {
  const plain = plainText(random);
  const rich = random.once(3) ? related(random) : null;
  const html = rich === null ? htmlText(random) : null;
  const parts = [plain.part, rich?.part ?? html?.part].filter((one) => one !== undefined);
  return {
    part: multipart(random, 'alternative', parts),
    text: plain.text,
    html: rich?.html ?? html?.text ?? '',
    attachments: rich?.attachments ?? [],
  };
}

function mixed(random: Random, depth: number): BodyPlan {
  const first = body(random, depth + 1);
  const more = random.list(0, 3, () => {
    if (depth > 1 || !random.once(6)) return attachment(random, false);
    const inner = message(random, depth + 1);
    return nestedMessage(random, inner.raw, inner.subject);
  });
  return {
    ...first,
    part: multipart(random, random.once(6) ? 'x-unknown' : 'mixed', [first.part, ...more.map((one) => one.part)]),
    attachments: [...first.attachments, ...more.map((one) => one.expected)],
  };
}

function body(random: Random, depth: number): BodyPlan {
  switch (random.int(depth > 3 ? 2 : 6)) {
    case 1:
    case 2:
      return alternative(random);
    case 3:
      return related(random);
    case 4:
    case 5:
      return mixed(random, depth);
    default:
      return simpleBody(random);
  }
}

/** Text of an unstructured header and its value. */
function unstructured(random: Random): { readonly text: string; readonly value: string; readonly raw8bit: boolean } {
  const before = random.once(2) ? `${phrase(random, ascii)} ` : '';
  switch (random.int(4)) {
    case 1: {
      const alphabet = random.pick(alphabets.slice(1));
      const value = phrase(random, alphabet, 5);
      return { text: before + encodedWords(random, value, alphabet), value: (before + value).trim(), raw8bit: false };
    }
    case 2: {
      const one = random.pick(alphabets.slice(1));
      const two = random.pick(alphabets.slice(1));
      const [first, second] = [phrase(random, one, 2), phrase(random, two, 2)];
      const between = random.once(2) ? ` ${word(random, ascii)} ` : '';
      const text = `${encodedWords(random, first, one)}${between || '\r\n '}${encodedWords(random, second, two)}`;
      // Neighbours of one charset are one text, others are not: here nothing depends on that.
      return { text, value: (first + between + second).trim(), raw8bit: false };
    }
    case 3: {
      const value = phrase(random, utf8, 3).trim();
      return /[^ -~]/.test(value) && !value.includes('\u00a0')
        ? { text: value, value, raw8bit: true }
        : { text: 'plain', value: 'plain', raw8bit: false };
    }
    default: {
      const value = phrase(random, ascii, 8);
      return { text: folded(random, value), value, raw8bit: false };
    }
  }
}

const id = (random: Random): string =>
  `${word(random, ascii)}.${random.int(1e9)}@${random.pick(['example.org', 'a.b', '[192.0.2.1]'])}`;
const idList = (random: Random, ids: readonly string[]): string =>
  ids.map((one) => `<${one}>`).join(random.pick([' ', '\r\n ', '\r\n\t', '']));

/** Header fields of a message without its body's, and what they mean. */
export function envelope(random: Random) {
  const subject = unstructured(random);
  const from = oneAddress(random);
  const to = addressList(random, 4);
  const cc = random.once(3) ? addressList(random, 3) : null;
  const replyTo = random.once(4) ? addressList(random, 2) : null;
  const date = dateHeader(random);
  const messageId = id(random);
  const references = random.list(0, 3, () => id(random));
  const extra = unstructured(random);
  const fields = [
    `From: ${from.text}`,
    `To: ${to.text}`,
    ...(cc === null ? [] : [`Cc: ${cc.text}`]),
    ...(replyTo === null ? [] : [`Reply-To: ${replyTo.text}`]),
    `Subject: ${subject.text}`,
    `Date: ${date.text}`,
    `Message-ID: <${messageId}>`,
    ...(references.length === 0
      ? []
      : [`References: ${idList(random, references)}`, `In-Reply-To: <${references.at(-1)}>`]),
    `X-Extra: ${extra.text}`,
  ].map((field) =>
    random.once(8) ? field.replace(/^[^:]+/, (name) => random.pick([name.toUpperCase(), name.toLowerCase()])) : field,
  );
  const raw8bit = [subject, from, to, cc, replyTo, extra].some((one) => one?.raw8bit === true);
  const plain = (list: readonly object[]): Plain => list.map((one) => ({ ...one }));
  const expected: { readonly [name: string]: Plain } = {
    subject: subject.value,
    from: { ...from.expected[0] },
    to: plain(to.expected),
    cc: plain(cc?.expected ?? []),
    replyTo: plain(replyTo?.expected ?? []),
    date: date.instant,
    messageId,
    references,
    inReplyTo: references.slice(-1),
    headers: { 'x-extra': [extra.value] },
  };
  return { fields, expected, subject: subject.value, raw8bit };
}

/** A message with these header fields and this body. */
export function assemble(random: Random, head: ReturnType<typeof envelope>, plan: BodyPlan): Mail {
  const { part } = plan;
  const fields = [...head.fields, 'MIME-Version: 1.0'];
  const raw = print({ ...part, headers: random.once(4) ? [...part.headers, ...fields] : [...fields, ...part.headers] });
  const expected = {
    ...head.expected,
    text: plan.text,
    html: plan.html,
    attachments: plan.attachments.map((one) => ({ ...one })),
    // What is repaired in a message that needs no repair.
    defects: head.raw8bit ? ['HEADER_8BIT'] : [],
  };
  return { raw, expected, subject: head.subject };
}

export const message = (random: Random, depth = 0): Mail => assemble(random, envelope(random), body(random, depth));
