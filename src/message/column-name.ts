import { createHash } from 'node:crypto';

/** Longest name in bytes; PostgreSQL keeps 63, and index names made from a column's add a few. */
const maxBytes = 59;

/**
 * Name of a document field as a database column: camelCase becomes snake_case (`replyTo` → `reply_to`, `rawSha256` →
 * `raw_sha256`, `messageID` → `message_id`). At most 59 bytes; a longer name is cut and ends in 8 hex digits of its SHA-256.
 */
export function columnName(field: string): string {
  const name = field
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
  if (Buffer.byteLength(name) <= maxBytes) return name;
  const digest = createHash('sha256').update(field).digest('hex').slice(0, 8);
  return `${name.slice(0, maxBytes - 9)}_${digest}`;
}
