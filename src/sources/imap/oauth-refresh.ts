import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CredentialStore, StoredKey } from '../../store/credentials.ts';
import { encryptionKey, seal, unseal } from '../../store/credentials-seal.ts';
import { transient } from '../../telemetry/errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { Granted } from './oauth-answer.ts';

export interface RefreshTokenOptions {
  readonly credentials: CredentialStore;
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
}

/** What a renewal starts from. */
export interface RefreshSecrets {
  /** As the Secret has it now. */
  readonly refreshToken: string;
  /** Text of the key that `encryption.keyRef` names. */
  readonly key: string;
}

/** What the provider gave, for what was claimed. */
interface Unsaved {
  readonly hash: string;
  readonly from: Buffer | undefined;
  readonly sealed: Buffer;
  readonly granted: Granted;
}

/** A claim outlasts the request and the saving by far; who dies with one holds others up for as long. */
const claimMs = 60_000;
const claimPollMs = 250;
/** Milliseconds to wait for another worker that renews. */
const claimPatienceMs = 30_000;

/**
 * The refresh token of one account. A provider may replace it with each use and take a second use of the old one for theft: one worker at a time
 * uses it, and the new one is in the store before the access token is used.
 */
export class RefreshTokens {
  readonly #options: RefreshTokenOptions;
  readonly #holder = randomUUID();
  /** Given by the provider, and not yet in the store, which broke. */
  #unsaved: Unsaved | undefined;

  constructor(options: RefreshTokenOptions) {
    this.#options = options;
  }

  /**
   * Calls `use` with the newest refresh token and keeps the one it gives. Aborts are obeyed until `use` is called; `use` must end in bounded time.
   * Throws what `use` and the store throw, Stalled `ENCRYPTION_KEY_INVALID`, `ENCRYPTION_KEY_CHANGED`, Transient `OAUTH_BUSY`, `OAUTH_CLAIM_LOST`.
   */
  async with(
    secrets: RefreshSecrets,
    signal: AbortSignal,
    use: (refreshToken: string) => Promise<Granted>,
  ): Promise<Granted> {
    const { credentials, namespace, source, account } = this.#options;
    const key = encryptionKey(secrets.key);
    const context = JSON.stringify([namespace, source, account]);
    const secretHash = createHash('sha256').update(`${context}\0${secrets.refreshToken}`).digest();
    const stored: StoredKey = { source, account, secretHash };
    const claimed = await this.#claim(stored, signal);
    try {
      const unsaved = this.#unsaved?.hash === secretHash.toString('hex') ? this.#unsaved : undefined;
      this.#unsaved = undefined;
      // Somebody else may have kept a newer one meanwhile.
      if (unsaved && isDeepStrictEqual(claimed.sealed, unsaved.from)) {
        await this.#save(stored, unsaved);
        return unsaved.granted;
      }
      const current = claimed.sealed ? unseal(claimed.sealed, key, context) : secrets.refreshToken;
      throwIfAborted(signal);
      const granted = await use(current);
      if (granted.refreshToken !== undefined && granted.refreshToken !== current) {
        const sealed = seal(granted.refreshToken, key, context);
        await this.#save(stored, { hash: secretHash.toString('hex'), from: claimed.sealed, sealed, granted });
      }
      return granted;
    } finally {
      // When the store cannot be reached it ends by itself.
      await credentials.release(stored, this.#holder).catch(() => undefined);
    }
  }

  async #claim(stored: StoredKey, signal: AbortSignal) {
    for (let waited = 0; ; waited += claimPollMs) {
      throwIfAborted(signal);
      const claimed = await this.#options.credentials.claim(stored, this.#holder, claimMs);
      if (claimed) return claimed;
      if (waited >= claimPatienceMs)
        throw transient('OAUTH_BUSY', 'another worker is renewing the token of this account; it is tried again');
      await delay(claimPollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #save(stored: StoredKey, unsaved: Unsaved): Promise<void> {
    const { sealed, from } = unsaved;
    this.#unsaved = unsaved;
    const saved = await this.#options.credentials.save(stored, this.#holder, sealed, from);
    this.#unsaved = undefined;
    if (saved) return;
    throw transient(
      'OAUTH_CLAIM_LOST',
      'this worker stood still while it renewed a token, and another may have renewed it; it is tried again',
    );
  }
}
