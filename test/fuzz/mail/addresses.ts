import type { Random } from '../random.ts';
import { type Alphabet, alphabets, ascii, phrase, utf8, word } from './alphabets.ts';
import { encodedWords } from './words.ts';

/** A mailbox as it must come out. */
export interface ExpectedAddress {
  readonly name: string;
  readonly address: string;
  readonly group?: string;
}

/** A header value with what it means; `raw8bit` when it holds UTF-8 as it is (RFC 6532). */
export interface AddressList {
  readonly text: string;
  readonly expected: readonly ExpectedAddress[];
  readonly raw8bit: boolean;
}

const symbols = [..."!#$%&'*+-/^_`{|}~"];
const domains = ['example.org', 'mail.example.com', 'xn--bcher-kva.example', 'a-b.c1.example.net', 'EXAMPLE.com'];
const literals = ['[192.0.2.1]', '[IPv6:2001:db8::1]'];

function localPart(random: Random, international: boolean): string {
  const atom = () => {
    const symbol = random.once(6) ? random.pick(symbols) : '';
    return word(random, international ? utf8letters : ascii, 8) + symbol;
  };
  if (random.once(12)) return `"${phrase(random, ascii, 2)}"`;
  return random.list(1, 3, atom).join('.');
}

/** Letters of EAI local parts: no blanks and nothing that joins. */
const utf8letters: Alphabet = { charset: 'utf-8', letters: utf8.letters.filter((one) => /^[\p{L}\p{N}]$/u.test(one)) };

function domain(random: Random, international: boolean): string {
  if (international) return `${word(random, utf8letters, 6).toLowerCase()}.example`;
  return random.once(12) ? random.pick(literals) : random.pick(domains);
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

function mailbox(random: Random): {
  readonly text: string;
  readonly expected: ExpectedAddress;
  readonly raw8bit: boolean;
} {
  const international = random.once(12);
  const address = `${localPart(random, international)}@${domain(random, international)}`;
  const plain = (text: string, name: string, raw8bit = international) => ({
    text,
    expected: { name, address },
    raw8bit,
  });
  switch (random.int(9)) {
    case 0:
      return plain(address, '');
    case 1:
      return plain(`<${address}>`, '');
    case 2: {
      const name = phrase(random, ascii, 3);
      return plain(`${name} <${address}>`, name);
    }
    case 3: {
      const name = `${word(random, ascii)}${random.pick([', ', '. ', ' <', ' "', ' \\ ', ' (', ' @ ', ': ', '; '])}${word(random, ascii)}`;
      return plain(`${quoted(name)} <${address}>`, name);
    }
    case 4: {
      const alphabet = random.pick(alphabets.slice(1));
      const name = phrase(random, alphabet);
      return plain(`${encodedWords(random, name, alphabet)} <${address}>`, name.trim());
    }
    case 5: {
      const name = phrase(random, ascii, 2);
      return plain(`${address} (${name})`, name);
    }
    case 6: {
      const name = phrase(random, ascii, 2);
      return plain(`${name} (${phrase(random, ascii, 2)} (\\) ${word(random, ascii)})) <${address}>`, name);
    }
    case 7: {
      const name = `${word(random, utf8letters)} ${word(random, utf8letters)}`;
      return plain(`${random.once(2) ? quoted(name) : name} <${address}>`, name, true);
    }
    default:
      return plain(`<@relay.example,@other.example:${address}>`, '');
  }
}

const isAscii = (text: string): boolean => !/[^ -~\r\n\t]/.test(text);

/** Mailboxes and groups with what they mean (RFC 5322 §3.4, §4.4, RFC 6532). */
export function addressList(random: Random, most: number): AddressList {
  const texts: string[] = [];
  const expected: ExpectedAddress[] = [];
  for (let i = random.between(1, most); i > 0; i--) {
    if (random.once(10)) {
      const group = phrase(random, ascii, 2);
      const members = random.list(0, 3, () => mailbox(random));
      texts.push(`${group}: ${members.map((one) => one.text).join(', ')};`);
      expected.push(...members.map((one) => ({ ...one.expected, group })));
    } else {
      const one = mailbox(random);
      texts.push(one.text);
      expected.push(one.expected);
    }
  }
  const text = texts.join(random.once(6) ? ',\r\n ' : ', ');
  return { text, expected, raw8bit: !isAscii(text) };
}

/** One mailbox. */
export function oneAddress(random: Random): AddressList {
  const { text, expected } = mailbox(random);
  return { text, expected: [expected], raw8bit: !isAscii(text) };
}
