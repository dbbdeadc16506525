const newline = 0x0a;
const greater = 0x3e;
const fromWord = Buffer.from('From ');

/** How From_ lines within a body are quoted: `>From ` for every depth (mboxrd), for the first only (mboxo), or not at all. */
export type Quoting = 'rd' | 'o' | 'none';

/** Offset of the next line in a block that is `From ` after any number of `>`. */
export interface FromAt {
  /** Where the line begins. */
  readonly line: number;
  /** Where `From ` begins. */
  readonly word: number;
}

/** Looks for `From ` at the beginning of a line, quoted or not; `atLineStart` tells whether the block itself begins one. */
export function nextFrom(block: Buffer, start: number, atLineStart: boolean): FromAt | undefined {
  for (let from = start; ; ) {
    const word = block.indexOf(fromWord, from);
    if (word < 0) return undefined;
    let line = word;
    while (line > start && block[line - 1] === greater) line -= 1;
    if (line === 0 ? atLineStart : block[line - 1] === newline) return { line, word };
    from = word + 1;
  }
}

/** Body of one message on its way out of a file: unquoted, and without the blank line that stands before the next From_ line. */
export class BodyWriter {
  readonly #emit: (bytes: Buffer) => void;
  readonly #quoting: Quoting;
  /** The last bytes, while nobody knows whether they end the body. */
  #held: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(quoting: Quoting, emit: (bytes: Buffer) => void) {
    this.#quoting = quoting;
    this.#emit = emit;
  }

  /** Whole lines, or pieces of one long line. */
  write(block: Buffer, atLineStart: boolean): void {
    let done = 0;
    for (let from = 0; this.#quoting !== 'none'; ) {
      const at = nextFrom(block, from, atLineStart);
      if (!at) break;
      from = at.word + fromWord.length;
      const depth = at.word - at.line;
      if (depth === 0 || (this.#quoting === 'o' && depth > 1)) continue;
      this.#put(block.subarray(done, at.line));
      done = at.line + 1;
    }
    this.#put(done === 0 ? block : block.subarray(done));
  }

  #put(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const keep = Math.max(0, all.length - 3);
    if (keep > 0) {
      this.#emit(all.subarray(0, keep));
      this.#begun = true;
    }
    this.#held = all.subarray(keep);
  }

  /** `exact`: the length was known, so nothing at its end belongs to the file. Otherwise the body ends with a line end, and without the separating blank line. */
  end(exact: boolean): void {
    let tail = this.#held;
    this.#held = Buffer.alloc(0);
    if (!exact) {
      const text = tail.toString('latin1');
      if (text.endsWith('\n\r\n') || (!this.#begun && text === '\r\n')) tail = tail.subarray(0, -2);
      else if (text.endsWith('\n\n') || (!this.#begun && text === '\n')) tail = tail.subarray(0, -1);
      else if ((this.#begun || tail.length > 0) && !text.endsWith('\n'))
        tail = Buffer.concat([tail, Buffer.from('\n')]);
    }
    if (tail.length > 0) this.#emit(tail);
  }
}
