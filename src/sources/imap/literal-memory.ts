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
  #closed = false;

  constructor(bytes: number) {
    // As it is: a server that announces more than it sends costs addresses alone.
    this.#memory = Buffer.allocUnsafeSlow(bytes).buffer;
  }

  get left(): number {
    return this.#memory.byteLength - this.#filled;
  }

  take(bytes: number): Literal {
    const literal = new Literal(Buffer.from(this.#memory, this.#filled, bytes), this);
    this.#filled += bytes;
    this.#users += 1;
    return literal;
  }

  /** Nothing more is taken of it. */
  close(): void {
    this.#closed = true;
    this.#freeIfDone();
  }

  released(): void {
    this.#users -= 1;
    this.#freeIfDone();
  }

  #freeIfDone(): void {
    if (this.#closed && this.#users === 0) this.#memory.transfer(0);
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
 * Where literals are put that arrive on a connection. It goes back when all literals of a piece were released; what somebody forgets is the
 * collector's. Left to it altogether, what waits for its commit gets old, and then V8 was seen to hold up to 150 MiB
 * of mail and rows that were committed. For the same reason small literals are copied: beside them in what came from the socket lies other mail.
 */
export class LiteralMemory {
  #piece: Piece | undefined;

  /** Room for a literal. */
  take(bytes: number): Literal {
    if (bytes >= largeBytes) {
      const piece = new Piece(bytes);
      const literal = piece.take(bytes);
      piece.close();
      return literal;
    }
    if (this.#piece && this.#piece.left < bytes) {
      this.#piece.close();
      this.#piece = undefined;
    }
    this.#piece ??= new Piece(pieceBytes);
    return this.#piece.take(bytes);
  }
}
