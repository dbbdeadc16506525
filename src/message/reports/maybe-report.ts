import type { ParsedMessage } from '../message.ts';
import type { Leaf, Part } from '../mime-tree.ts';
import { type Structure, transferEncoding } from '../structure.ts';
import { subjectMark, vacationFields, vacationValues } from './auto-reply.ts';
import { daemons, phrasesOfFailure, robots, subjects } from './bounce-signs.ts';

/** Types of parts that are reports, carry them, or return what they are about. */
const types =
  /^(?:message\/|text\/(?:rfc822-headers|xml|json)|application\/(?:x-)?(?:zip|gzip|gunzip|xml|json|tlsrpt|octet-stream|compressed|bzip)|multipart\/report)/;
/** Words of the subjects that reports on authentication bear beside those that the specifications prescribe. */
const authentication = /^\s*report\s+domain|dmarc|tls-?rpt|tls report|forensic|feedback|abuse|complaint/i;
/** Fields that only reports and automatic replies have. */
const signs = new Set([
  ...vacationFields,
  ...Object.keys(vacationValues),
  'auto-submitted',
  'tls-report-domain',
  'x-auto-response-suppress',
  'x-failed-recipients',
  'x-mlserver',
]);

const initials = new Set(Array.from('aprtx', (char) => char.charCodeAt(0)));
const nullPath = /^<\s*>/;

/** What every subject that the patterns find has in it: a search for one word of many is quick. */
const stem =
  /deliver|returned|fail|problem|error|status|delayed|notification|could|trouble|bounce|postmaster|warning|report|dmarc|tls|forensic|feedback|abuse|complaint|auto/i;

const isSubject = (subject: string): boolean =>
  stem.test(subject) && (subjects.test(subject) || authentication.test(subject) || subjectMark.test(subject));

/** First bytes of XML, JSON, gzip, ZIP, and of a byte order mark; then what these are in base64. */
const openings = new Set(Array.from('<{\x1fP\xef\xfe\xff', (char) => char.charCodeAt(0)));
const encodedOpenings = new Set(Array.from('PeHU7/', (char) => char.charCodeAt(0)));

function carries(part: Part): boolean {
  return part.kind === 'leaf' ? types.test(part.type) : part.subtype === 'report' || part.parts.some(carries);
}

function firstLeaf(part: Part): Leaf | null {
  if (part.kind === 'leaf') return part;
  const [first] = part.parts;
  return first === undefined ? null : firstLeaf(first);
}

function beginsLikeReport({ bytes, tree }: Structure): boolean {
  const leaf = firstLeaf(tree);
  if (leaf === null || leaf.type === 'text/html') return false;
  let at = leaf.start;
  const stop = Math.min(leaf.end, at + 64);
  while (at < stop && (bytes[at] ?? 0) <= 0x20 && bytes[at] !== 0x1f) at++;
  const first = bytes[at] ?? 0;
  // Text begins with P in any language: ZIP is PK.
  if (openings.has(first) && (first !== 0x50 || bytes[at + 1] === 0x4b)) return true;
  return encodedOpenings.has(first) && transferEncoding(leaf) === 'base64';
}

/** Characters of a text in which somebody whom nobody answers says that mail came back; newsletters are longer. */
const maxRobotText = 3_000;
const returned = /\b[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}/;

/** Most of what robots send is no report: it has to speak of a failure. */
function robotReports(message: ParsedMessage): boolean {
  const text = message.text.slice(0, maxRobotText);
  return returned.test(text) || phrasesOfFailure.test(text);
}

function hasSign(message: ParsedMessage, structure: Structure): boolean {
  for (const { name, value } of structure.fields) {
    // Most names begin with another letter.
    if (!initials.has(name.charCodeAt(0))) continue;
    if (signs.has(name)) return true;
    if (name === 'return-path' && nullPath.test(value)) return true;
    if (name === 'precedence' && value.toLowerCase() === 'auto_reply') return true;
  }
  const { from, subject } = message;
  const author = from?.address ?? '';
  const local = author.slice(0, Math.max(0, author.indexOf('@'))) || author;
  return local === '' || daemons.test(local) || isSubject(subject) || (robots.test(local) && robotReports(message));
}

/**
 * Whether a message may be a report: false is certain. Costs about a microsecond: a look at the names of header fields, the author, the
 * subject, the types of parts and the first bytes of the text.
 */
export const maybeReport = (message: ParsedMessage, structure: Structure): boolean =>
  hasSign(message, structure) || carries(structure.tree) || beginsLikeReport(structure);
