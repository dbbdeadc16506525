import { hash } from 'node:crypto';
import type { Minted, Sighted } from './occurrences.ts';

/** Where a message is seen for the first time. */
export interface FirstPlace {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly uidvalidity: bigint;
}

/** What identity is derived from, when a message is seen for the first time. */
export interface FirstSight extends FirstPlace, Pick<Sighted, 'uid' | 'receivedAt' | 'rawSha256'> {}

/**
 * The id of a message: a UUIDv8 (RFC 9562 §5.8) of INTERNALDATE in milliseconds (48 bits) and 74 bits of SHA-256 over where it was
 * first seen and its bytes. The same first sight gives the same id.
 */
export const mintMessageId = (sight: FirstSight): string => new Minter(sight).mint(sight).id;

/** Mints ids for the messages of one place. */
export class Minter {
  readonly #place: string;

  constructor({ namespace, source, account, folder, uidvalidity }: FirstPlace) {
    this.#place = [namespace, source, account, folder, String(uidvalidity), ''].join('\0');
  }

  /** The id of a message; one that was minted for this place before is not computed again. */
  idOf(sighted: Sighted): string {
    const { minted } = sighted;
    return minted?.place === this.#place ? minted.id : this.mint(sighted).id;
  }

  /** `rawSha256` is hex. */
  mint({ uid, rawSha256, receivedAt }: Pick<Sighted, 'uid' | 'receivedAt' | 'rawSha256'>): Minted {
    const digest = hash('sha256', `${this.#place}${uid}\0${rawSha256}`, 'hex');
    const time = Math.min(Math.max(receivedAt.getTime(), 0), 2 ** 48 - 1)
      .toString(16)
      .padStart(12, '0');
    const variant = '89ab'[Number.parseInt(digest.charAt(4), 16) & 3];
    const id = `${time.slice(0, 8)}-${time.slice(8)}-8${digest.slice(1, 4)}-${variant}${digest.slice(5, 8)}-${digest.slice(8, 20)}`;
    return { place: this.#place, id };
  }
}
