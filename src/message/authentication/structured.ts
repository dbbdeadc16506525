import { behindComment } from '../comments.ts';

/** Reads an unfolded structured field from the left; blanks and comments (RFC 5322 CFWS) between words are passed over. */
export class Cursor {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.position >= this.#text.length;
  }

  /** Takes a letter, digit, `-` or `_` sequence, as RFC 8601's Keyword; lower case. */
  keyword(): string {
    this.#skip();
    return this.#run(/[A-Za-z0-9_-]/).toLowerCase();
  }

  /** Takes what is no blank, no semicolon, no parenthesis and no equals sign. */
  token(): string {
    this.#skip();
    return this.#run(/[^\s;()=]/);
  }

  /** Takes this character if it is the next. */
  take(character: string): boolean {
    this.#skip();
    if (this.#text.charAt(this.position) !== character) return false;
    this.position++;
    return true;
  }

  /** Takes a value: quoted strings without their quotes, and everything else up to a blank, a semicolon or a comment. */
  value(): string {
    this.#skip();
    let value = '';
    for (; !this.ended; this.position++) {
      const c = this.#text.charAt(this.position);
      if (c === '"') value += this.#quoted();
      else if (c === ';' || c === '(' || /\s/.test(c)) break;
      else value += c;
    }
    return value;
  }

  /** Goes behind the next semicolon that stands in no comment and no quoted string. */
  nextPart(): void {
    while (!this.ended) {
      this.#skip();
      const c = this.#text.charAt(this.position);
      if (c === '"') this.#quoted();
      this.position++;
      if (c === ';') return;
    }
  }

  /** A quoted string; the position ends on its last quote. One without an end goes to the end. */
  #quoted(): string {
    let value = '';
    for (this.position++; !this.ended; this.position++) {
      const c = this.#text.charAt(this.position);
      if (c === '"') break;
      if (c === '\\') this.position++;
      value += this.#text.charAt(this.position);
    }
    return value;
  }

  #run(characters: RegExp): string {
    const start = this.position;
    while (!this.ended && characters.test(this.#text.charAt(this.position))) this.position++;
    return this.#text.slice(start, this.position);
  }

  #skip(): void {
    while (!this.ended) {
      const c = this.#text.charAt(this.position);
      if (c === '(') {
        const end = behindComment(this.#text, this.position);
        this.position = end === -1 ? this.#text.length : end;
      } else if (/\s/.test(c)) this.position++;
      else return;
    }
  }
}
