import { isIP, isIPv6 } from 'node:net';
import { behindComment } from '../comments.ts';
import type { HeaderField } from '../headers.ts';

/** Who handed a message over, as the server wrote that took it. */
export interface Client {
  /** IPv4 or IPv6 address. */
  readonly address: string;
  /** What it said by HELO; empty when that is not told. */
  readonly helo: string;
}

/** What a Received field says of one hop. */
export interface Hop {
  /** Host that wrote the field; lower case. */
  readonly by: string;
  /** Null when none is told: a hand-over within a machine; `unknown` when one is told without an address that can be read. */
  readonly client: Client | 'unknown' | null;
}

/** Longer fields say nothing that we know to read. */
const maxLength = 4_096;

interface Comment {
  readonly start: number;
  /** With what is nested in it. */
  readonly text: string;
}

/** A field's comments, and the field with as many blanks in their place; null when one does not end. */
function takeComments(value: string): { readonly plain: string; readonly comments: readonly Comment[] } | null {
  const comments: Comment[] = [];
  let plain = '';
  let end = 0;
  for (let start = value.indexOf('('); start !== -1; start = value.indexOf('(', end)) {
    plain += value.slice(end, start);
    // Servers write down what the client says without escapes.
    end = behindComment(value, start, false);
    if (end === -1) return null;
    plain += ' '.repeat(end - start);
    comments.push({ start, text: value.slice(start + 1, end - 1) });
  }
  return { plain: plain + value.slice(end), comments };
}

/** An address as it stands in a Received field: `1.2.3.4`, `IPv6:2001:db8::1`; empty when it is none. */
function addressOf(text: string): string {
  const address = text.replace(/^\[|\]$/g, '').replace(/^ipv6:/i, '');
  return isIP(address) === 0 ? '' : address.toLowerCase();
}

/** SMTP with or without extensions (RFC 3848, RFC 6531); LMTP, `local` and the like hand over within a machine or a site. */
const overNetwork = /\swith\s+(?:utf8)?e?smtps?a?(?![-\w])/i;

/** The last address in a text, in brackets if there are any; a name or a port may stand beside it: `ident@192.0.2.1`, `192.0.2.1:25`. */
function lastAddress(text: string): string {
  const bracketed = Array.from(text.matchAll(/\[([^[\]]{2,64})\]/g), ([, inner = '']) => inner).at(-1);
  if (bracketed !== undefined) return addressOf(bracketed);
  const words = text.split(/[\s,]+/).map((word) => word.slice(word.lastIndexOf('@') + 1));
  return words.map((word) => addressOf(word.replace(/^(\d[\d.]*):\d+$/, '$1'))).findLast((found) => found !== '') ?? '';
}

/**
 * The address in a comment that the server wrote about the connection. What the client said in it does not count: HELO and ident behind
 * their words, in Exim behind the address; an ident before the address in Sendmail and qmail.
 */
function addressIn(comment: string): string {
  // Postfix; a login may look like a mailbox at an address.
  if (/^authenticated sender:/i.test(comment)) return '';
  const said = /\b(?:helo|ehlo|ident)[= ]/i.exec(comment);
  const before = said === null ? comment : comment.slice(0, said.index);
  const found = lastAddress(before);
  if (found !== '' || said === null) return found;
  return lastAddress(comment.slice(said.index).replace(/\b(?:helo|ehlo|ident)[= ]\s*\S+/gi, ' '));
}

/**
 * Reads a Received field as Postfix, Exim, Sendmail, qmail and Exchange write it. The client's address is what the server saw, never
 * what the client said: it is taken from the comments behind the name, and from the name itself only where there is no comment
 * (or Exim's, with `helo=`).
 *
 * Some servers write down a HELO with blanks and parentheses as the client said it: `x (bank [198.51.100.1]) by mx.example`. A field
 * that has `by` more than once, a comment without an end, or one that holds such a clause behind another, says nothing sure: null.
 */
export function readReceived(value: string): Hop | null {
  if (value.length > maxLength) return null;
  const taken = takeComments(value);
  if (taken === null) return null;
  const { plain, comments } = taken;
  const [at, another] = plain.matchAll(/(?:^|\s)by(?=\s)/gi);
  if (at === undefined || another !== undefined) return null;
  const rest = plain.slice(at.index);
  if (comments.some(({ start, text }) => start > at.index && /\)\s*by\s/i.test(text))) return null;
  const by = rest.trim().split(/[\s;]+/)[1] ?? '';
  const name = /^\s*from\s+(\S+)/i.exec(plain.slice(0, at.index))?.[1] ?? '';
  if (by === '') return null;
  const host = by.toLowerCase().replace(/\.$/, '');
  if (name === '') return { by: host, client: null };
  const told = comments.filter(({ start }) => start < at.index).map(({ text }) => text);
  const helo = told.map((text) => /\b(?:helo|ehlo)[= ]\s*(\S+)/i.exec(text)?.[1] ?? '').find((text) => text !== '');
  const seen = told.map(addressIn).findLast((address) => address !== '') ?? '';
  const address = seen === '' && (told.length === 0 || helo !== undefined) ? addressOf(name) : seen;
  if (address !== '') return { by: host, client: { address, helo: helo ?? name } };
  const within = told.length === 0 && (/^localhost$/i.test(name) || !overNetwork.test(rest));
  return { by: host, client: within ? null : 'unknown' };
}

const privateRanges =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;

/** Whether an address is of a private, link-local or loopback network. */
export function isPrivate(address: string): boolean {
  if (!isIPv6(address)) return privateRanges.test(address);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped === undefined ? /^(?:::1$|f[cd]|fe[89ab])/i.test(address) : privateRanges.test(mapped);
}

/** Whether a host is one of these names; `*.example.com` stands for every host below example.com. */
export function isHostOf(host: string, names: readonly string[]): boolean {
  return names.some((name) => {
    const lower = name.toLowerCase();
    return lower.startsWith('*.') ? host.endsWith(lower.slice(1)) : host === lower;
  });
}

/** Where mail came in from outside. */
export interface Border {
  /** Index of the border's Received field: our hosts wrote all that stands above. */
  readonly received: number;
  /** Index of the first field that none of our hosts can vouch for: the next Received field below the border's. */
  readonly untrusted: number;
  /** The client at the border; null when no address is told. */
  readonly client: Client | null;
}

/**
 * Follows the Received fields from the top, as far as our own hosts wrote them: from one to the next as long as the client has a
 * private address or none, because only then the next field is ours as well. Null when the topmost is not ours.
 */
export function findBorder(fields: readonly HeaderField[], receivedBy: readonly string[]): Border | null {
  let client: Client | null = null;
  let received = -1;
  let outside = false;
  for (const [index, field] of fields.entries()) {
    if (field.name !== 'received') continue;
    if (outside) return { received, untrusted: index, client };
    const hop = readReceived(field.value);
    if (hop === null || !isHostOf(hop.by, receivedBy))
      return received === -1 ? null : { received, untrusted: index, client };
    received = index;
    client = hop.client === 'unknown' ? null : hop.client;
    outside = hop.client === 'unknown' || (client !== null && !isPrivate(client.address));
  }
  return received === -1 ? null : { received, untrusted: fields.length, client };
}
