import { createHash, type Hash } from 'node:crypto';
import { throwIfAborted } from '../abort.ts';
import { BodyWriter, nextFrom, type Quoting } from './body.ts';
import { fromLineTime } from './from-line.ts';
import { type MboxHeader, readMboxHeader } from './headers.ts';

/** How a file is read. `Auto`: as mboxrd, and where Content-Length leads to the next From_ line or the end, as mboxcl2. */
export type MboxFormat = 'Auto' | 'mboxrd' | 'mboxo' | 'mboxcl' | 'mboxcl2';

/** Reads at most `length` bytes at `position`, into a buffer that is the caller's; fewer only at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

export interface ScanOptions {
  readonly read: ReadAt;
  /** Offset of a From_ line, or 0. */
  readonly from: number;
  /** Offset where reading ends. */
  readonly to: number;
  readonly format: MboxFormat;
  /** Whether the bytes of messages are wanted, not only their hash. */
  readonly collect?: boolean;
  readonly signal: AbortSignal;
}

/** A message in a file. */
export interface ScannedMessage {
  /** Where its From_ line begins. */
  readonly offset: number;
  /** Where the next one begins, or the end. */
  readonly end: number;
  /** Time of the From_ line. */
  readonly time: Date | undefined;
  readonly header: MboxHeader;
  /** Bytes of the message as it was received. */
  readonly size: number;
  /** SHA-256 of these. */
  readonly sha256: Buffer;
  /** With `collect`. */
  readonly raw: Buffer | undefined;
  /** Ended by another From_ line, by its length, or by a blank line: nothing of it is missing. */
  readonly whole: boolean;
}

const window = 2 ** 20;
/** Header blocks beyond this are taken as they are. */
const maxHeader = 256 * 2 ** 10;
const newline = 0x0a;

interface Open {
  readonly offset: number;
  readonly time: Date | undefined;
  readonly hash: Hash;
  readonly chunks: Buffer[];
  size: number;
  /** Lines of the header, until its blank line. */
  lines: Buffer[] | undefined;
  lineBytes: number;
  header: MboxHeader;
  body: BodyWriter;
  /** Where the body begins, while its length was not looked at. */
  bodyStart: number | undefined;
  /** Offset at which a body of known length ends. */
  literalEnd: number | undefined;
  /** The file ends before the length that it names. */
  cut: boolean;
  /** A blank line is the last of what was read. */
  blankEnd: boolean;
}

const noHeader: MboxHeader = { bytes: Buffer.alloc(0), contentLength: undefined, flags: [], folderData: false };

/** Finds the messages of an mbox file, in bounded memory unless they are collected. What stands before the first From_ line is passed over. */
export async function* scanMbox(options: ScanOptions): AsyncGenerator<ScannedMessage, void, undefined> {
  const { read, from, to, signal } = options;
  const scanner = new Scanner(options);
  let carry: Buffer = Buffer.alloc(0);
  let atLineStart = true;
  for (let at = from; at < to; ) {
    throwIfAborted(signal);
    const bytes = await read(at, Math.min(window, to - at));
    if (bytes.length === 0) break; // it became shorter
    at += bytes.length;
    const block: Buffer = carry.length === 0 ? bytes : Buffer.concat([carry, bytes]);
    const lineEnd = block.lastIndexOf(newline) + 1;
    // A line that is longer than the window is passed on in pieces.
    const cut = at >= to || (lineEnd === 0 && block.length >= window) ? block.length : lineEnd;
    yield* scanner.take(block.subarray(0, cut), at - block.length, atLineStart);
    if (cut > 0) atLineStart = block[cut - 1] === newline;
    carry = block.subarray(cut);
  }
  yield* scanner.finish();
}

class Scanner {
  readonly #options: ScanOptions;
  #open: Open | undefined;
  #position: number;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#position = options.from;
  }

  async *take(block: Buffer, base: number, atLineStart: boolean): AsyncGenerator<ScannedMessage, void, undefined> {
    this.#position = base + block.length;
    for (let at = 0; at < block.length; ) {
      const open = this.#open;
      if (open?.lines) {
        at = this.#headerLine(open, open.lines, block, base, at);
        if (open.bodyStart !== undefined) await this.#measure(open, open.bodyStart);
        continue;
      }
      if (open?.literalEnd !== undefined && base + at < open.literalEnd) {
        const end = Math.min(block.length, open.literalEnd - base);
        open.body.write(block.subarray(at, end), at === 0 ? atLineStart : block[at - 1] === newline);
        at = end;
        continue;
      }
      const found = this.#separator(block, at, base, atLineStart);
      const end = found?.line ?? block.length;
      // After a body of known length there is nothing but blank lines.
      if (open && open.literalEnd === undefined && end > at) {
        const lineStart = at === 0 ? atLineStart : block[at - 1] === newline;
        open.body.write(block.subarray(at, end), lineStart);
        open.blankEnd = endsBlank(block, at, end);
      }
      if (!found) return;
      if (open) yield this.#close(open, base + found.line, true);
      this.#open = this.#begin(base + found.line, found.time);
      at = found.after;
    }
  }

  *finish(): Generator<ScannedMessage, void, undefined> {
    const open = this.#open;
    if (!open) return;
    if (open.lines) this.#endHeader(open, noHeader, open.lines);
    yield this.#close(open, this.#position, open.literalEnd !== undefined || (open.blankEnd && !open.cut));
  }

  /** One line of the header. A From_ line ends it as well: a message without a body and without a blank line. */
  #headerLine(open: Open, lines: Buffer[], block: Buffer, base: number, at: number): number {
    const next = block.indexOf(newline, at);
    const end = next < 0 ? block.length : next + 1;
    const line = block.subarray(at, end);
    if (line[0] === 0x46 && line.toString('latin1', 0, 5) === 'From ' && fromLineTime(withoutEnd(line))) {
      this.#endHeader(open, readMboxHeader(Buffer.concat(lines)));
      return at;
    }
    if (open.lineBytes + line.length > maxHeader) {
      this.#endHeader(open, noHeader, lines);
      return at;
    }
    lines.push(line);
    open.lineBytes += line.length;
    if (withoutEnd(line).length > 0) return end;
    this.#endHeader(open, readMboxHeader(Buffer.concat(lines)));
    if (open.header.contentLength !== undefined) open.bodyStart = base + end;
    return end;
  }

  /** Looks where the body ends by its Content-Length. */
  async #measure(open: Open, start: number): Promise<void> {
    open.bodyStart = undefined;
    const { contentLength } = open.header;
    const { format, to } = this.#options;
    if (contentLength === undefined || format === 'mboxrd' || format === 'mboxo') return;
    open.cut = start + contentLength > to;
    if (open.cut || !(await this.#endsAt(start + contentLength, contentLength))) return;
    open.literalEnd = start + contentLength;
    open.body = new BodyWriter(this.#quoting(true), (bytes) => this.#emit(open, bytes));
  }

  #endHeader(open: Open, header: MboxHeader, asTheyAre?: readonly Buffer[]): void {
    open.header = asTheyAre ? { ...header, bytes: Buffer.concat(asTheyAre) } : header;
    open.lines = undefined;
    this.#emit(open, open.header.bytes);
  }

  #emit(open: Open, bytes: Buffer): void {
    open.hash.update(bytes);
    open.size += bytes.length;
    if (this.#options.collect) open.chunks.push(Buffer.from(bytes));
  }

  #quoting(literal: boolean): Quoting {
    const { format } = this.#options;
    if (format === 'mboxcl2' || (format === 'Auto' && literal)) return 'none';
    return format === 'mboxo' ? 'o' : 'rd';
  }

  /** Whether a From_ line, or the end, is what follows there. */
  async #endsAt(end: number, length: number): Promise<boolean> {
    const { read, to } = this.#options;
    if (end === to) return true;
    const before = length > 0 ? 1 : 0;
    const text = await read(end - before, Math.min(600, to - end) + before);
    const blank = /^(?:\r?\n){0,3}/.exec(text.toString('latin1', before, before + 8))?.[0].length ?? 0;
    if (blank === 0 && before === 1 && text[0] !== newline) return false;
    if (end + blank >= to) return true;
    const stop = text.indexOf(newline, before + blank);
    return stop >= 0 && fromLineTime(withoutEnd(text.subarray(before + blank, stop + 1))) !== undefined;
  }

  #separator(block: Buffer, start: number, base: number, atLineStart: boolean) {
    for (let from = start; ; ) {
      const at = nextFrom(block, from, atLineStart && from === 0);
      if (!at) return undefined;
      from = at.word + 5;
      const stop = block.indexOf(newline, at.word);
      if (at.line !== at.word || stop < 0) continue;
      const time = fromLineTime(withoutEnd(block.subarray(at.word, stop + 1)));
      // The first line of a file is one whatever it looks like.
      if (time || (!this.#open && base + at.line === this.#options.from))
        return { line: at.line, after: stop + 1, time };
    }
  }

  #begin(offset: number, time: Date | undefined): Open {
    const open: Open = {
      offset,
      time,
      hash: createHash('sha256'),
      chunks: [],
      size: 0,
      lines: [],
      lineBytes: 0,
      header: noHeader,
      body: new BodyWriter(this.#quoting(false), (bytes) => this.#emit(open, bytes)),
      bodyStart: undefined,
      literalEnd: undefined,
      cut: false,
      blankEnd: false,
    };
    return open;
  }

  #close(open: Open, end: number, whole: boolean): ScannedMessage {
    if (open.lines) this.#endHeader(open, readMboxHeader(Buffer.concat(open.lines)));
    open.body.end(open.literalEnd !== undefined);
    return {
      offset: open.offset,
      end,
      time: open.time,
      header: open.header,
      size: open.size,
      sha256: open.hash.digest(),
      raw: this.#options.collect ? Buffer.concat(open.chunks) : undefined,
      whole,
    };
  }
}

function withoutEnd(line: Buffer): Buffer {
  let end = line.length;
  if (end > 0 && line[end - 1] === newline) end -= 1;
  if (end > 0 && line[end - 1] === 0x0d) end -= 1;
  return line.subarray(0, end);
}

function endsBlank(block: Buffer, start: number, end: number): boolean {
  const tail = block.toString('latin1', Math.max(0, end - 3), end);
  return (
    tail.endsWith('\n\n') ||
    tail.endsWith('\n\r\n') ||
    (end - start <= 2 && withoutEnd(block.subarray(start, end)).length === 0)
  );
}
