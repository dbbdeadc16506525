import { stalled } from '../../telemetry/errors.ts';

/** Largest report in bytes. */
const maxBytes = 16 * 2 ** 20;
const maxDepth = 16;
/** Most objects, lists and members: each takes memory, whatever its size in bytes. */
const maxValues = 1_000_000;

const refused = (code: string, what: string) =>
  stalled(code, `this is no SMTP TLS report that can be read: ${what}; ask its sender for a correct one`);

/** Refuses what would take more memory than its size tells, before a value is made of it. */
function check(bytes: Buffer): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      values++;
      if (depth > maxDepth) throw refused('REPORT_JSON_INVALID', `values are nested deeper than ${maxDepth}`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte === 0x2c) values++;
    if (values > maxValues) throw refused('REPORT_TOO_LARGE', `it has more than ${maxValues} values`);
  }
}

/** What JSON says; undefined when it is none. */
function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The engine's message holds text of the report.
    return undefined;
  }
}

/**
 * The value of JSON in UTF-8 (RFC 8259), of bounded size, depth and count. Line breaks inside of strings, as they come of folding,
 * count as blanks; `repaired` tells it.
 *
 * @throws MailmillError `REPORT_EMPTY`, `REPORT_JSON_INVALID`, `REPORT_TOO_LARGE`
 */
export function parseBoundedJson(bytes: Buffer): { readonly value: unknown; readonly repaired: boolean } {
  if (bytes.length > maxBytes) throw refused('REPORT_TOO_LARGE', 'it is larger than 16 MiB');
  check(bytes);
  // TextDecoder takes the byte order mark away.
  const text = new TextDecoder().decode(bytes).trim();
  if (text === '') throw refused('REPORT_EMPTY', 'it is empty');
  const whole = parsed(text);
  if (whole !== undefined) return { ...whole, repaired: false };
  const unfolded = /[\r\n\t]/.test(text) ? parsed(text.replace(/[\r\n\t]+/g, ' ')) : undefined;
  if (unfolded === undefined) throw refused('REPORT_JSON_INVALID', 'it is no JSON');
  return { ...unfolded, repaired: true };
}
