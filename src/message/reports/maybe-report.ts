import type { ParsedMessage } from '../message.ts';
import type { Leaf, Part } from '../mime-tree.ts';
import { decodeLeaf, type Structure } from '../structure.ts';
import { subjectMark, vacationFields } from './auto-reply.ts';
import { daemons, robots, subjects } from './bounce-signs.ts';

/** Types of parts that are reports, carry them, or return what they are about. */
const types =
  /^(?:message\/|text\/(?:rfc822-headers|xml|json)|application\/(?:x-)?(?:zip|gzip|gunzip|xml|json|tlsrpt|octet-stream|compressed|bzip)|multipart\/report)/;
/** Words of the subjects that reports on authentication bear beside those that the specifications prescribe. */
const authentication = /^\s*report\s+domain|dmarc|tls-?rpt|tls report|forensic|feedback|abuse|complaint/i;
/** Fields that only reports and automatic replies have. */
const signs = new Set([
  ...vacationFields,
  'auto-submitted',
  'tls-report-domain',
  'x-auto-response-suppress',
  'x-failed-recipients',
  'x-mlserver',
]);

const nullPath = /^<\s*>/;

/** First bytes of XML, JSON, gzip, ZIP, and of a byte order mark. */
const openings = new Set([0x3c, 0x7b, 0x1f, 0x50, 0xef, 0xfe, 0xff]);

function carries(part: Part): boolean {
  return part.kind === 'leaf' ? types.test(part.type) : part.parts.some(carries);
}

function firstLeaf(part: Part): Leaf | null {
  if (part.kind === 'leaf') return part;
  const [first] = part.parts;
  return first === undefined ? null : firstLeaf(first);
}

function beginsLikeReport({ bytes, tree }: Structure): boolean {
  const leaf = firstLeaf(tree);
  if (leaf === null || leaf.type === 'text/html') return false;
  const start = decodeLeaf(bytes, leaf, 64);
  const first = start.find((byte) => byte > 0x20) ?? 0;
  // Text begins with P, in any other language with a byte order mark: ZIP is PK.
  return openings.has(first) && (first !== 0x50 || start.includes('PK'));
}

function hasSign({ from, subject }: ParsedMessage, structure: Structure): boolean {
  for (const { name, value } of structure.fields) {
    if (signs.has(name)) return true;
    if (name === 'return-path' && nullPath.test(value)) return true;
    if (name === 'precedence' && value.toLowerCase() === 'auto_reply') return true;
  }
  const author = from?.address ?? '';
  const local = author.slice(0, Math.max(0, author.indexOf('@'))) || author;
  if (local === '' || daemons.test(local) || robots.test(local)) return true;
  return subjects.test(subject) || authentication.test(subject) || subjectMark.test(subject);
}

/**
 * Whether a message may be a report: false is certain. Costs about a microsecond: a look at the names of header fields, the author, the
 * subject, the types of parts and the first bytes of the text.
 */
export const maybeReport = (message: ParsedMessage, structure: Structure): boolean =>
  hasSign(message, structure) || carries(structure.tree) || beginsLikeReport(structure);
