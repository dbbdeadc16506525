import type { Plain } from '../../../src/commands/parse/plain.ts';

/** One part of a message, to be printed. */
export type PartPlan =
  | { readonly headers: readonly string[]; readonly content: Buffer }
  | {
      readonly headers: readonly string[];
      readonly boundary: string;
      readonly parts: readonly PartPlan[];
      readonly preamble: string;
      readonly epilogue: string;
    };

/** What must come of an attachment; members that are absent may be anything. */
export type ExpectedAttachment = Readonly<Record<string, Plain>>;

const block = (headers: readonly string[]): Buffer =>
  Buffer.from(headers.map((line) => `${line}\r\n`).join(''), 'utf8');

/** The bytes of a part, headers and blank line included. */
export function print(part: PartPlan): Buffer {
  const head = Buffer.concat([block(part.headers), Buffer.from('\r\n')]);
  if ('content' in part) return Buffer.concat([head, part.content]);
  const pieces: Buffer[] = [head, Buffer.from(part.preamble)];
  for (const [i, one] of part.parts.entries()) {
    const newline = i === 0 && part.preamble === '' ? '' : '\r\n';
    pieces.push(Buffer.from(`${newline}--${part.boundary}\r\n`), print(one));
  }
  pieces.push(Buffer.from(`\r\n--${part.boundary}--${part.epilogue}`));
  return Buffer.concat(pieces);
}
