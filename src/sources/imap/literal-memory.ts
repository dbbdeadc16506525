import type { Memory } from '../source.ts';

/** Bytes of memory that small literals share, and the size from which on a literal has memory of its own. */
const pieceBytes = 2 ** 18;
const largeBytes = 2 ** 16;

/** Memory of some literals. */
class Piece {
  readonly #memory: ArrayBuffer;
  #filled = 0;
  /** Literals that are still needed. */
  #users = 0;

  constructor(bytes: number) {
    // As it is: a server that announces more than it sends costs addresses alone.
    this.#memory = Buffer.allocUnsafeSlow(bytes).buffer;
  }

  /** Whether there is room for so many bytes; not in memory that was freed. */
  has(bytes: number): boolean {
    return !this.#memory.detached && this.#filled + bytes <= this.#memory.byteLength;
  }

  take(bytes: number): Literal {
    const literal = new Literal(Buffer.from(this.#memory, this.#filled, bytes), this);
    this.#filled += bytes;
    this.#users += 1;
    return literal;
  }

  /** Of a connection on which nothing comes for hours nothing stays, either. */
  released(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#memory.transfer(0);
  }
}

/** Bytes of a literal: to be filled, then to be looked at until they are released. Afterwards they are empty. */
export class Literal implements Memory {
  readonly bytes: Buffer;
  #piece: Piece | undefined;

  constructor(bytes: Buffer, piece: Piece) {
    this.bytes = bytes;
    this.#piece = piece;
  }

  release(): void {
    const piece = this.#piece;
    this.#piece = undefined;
    piece?.released();
  }
}

/**
 * Where literals are put that arrive on a connection. Memory goes back when all literals in it were released; what somebody forgets is the
 * collector's. Left to it altogether, what waits for its commit gets old, and then V8 was seen to hold up to 150 MiB of mail and rows that
 * were committed. For the same reason small literals are copied: beside them in what came from the socket lies other mail.
 */
export class LiteralMemory {
  #piece: Piece | undefined;

  /** Room for a literal. */
  take(bytes: number): Literal {
    if (bytes >= largeBytes) return new Piece(bytes).take(bytes);
    if (!this.#piece?.has(bytes)) this.#piece = new Piece(pieceBytes);
    return this.#piece.take(bytes);
  }
}
