import type { ImapFlow } from 'imapflow';
import { unshieldBytes } from './folder-names.ts';

/** From now on names of folders reach imapflow, and the server, as they are on the wire (shielded); until `end`. */
export function leaveNamesAlone(client: ImapFlow): { end(): void } {
  // Everything that is sent goes through this method. imapflow is pinned to one version.
  const write: unknown = Reflect.get(client, 'write');
  if (typeof write !== 'function') throw new TypeError('this imapflow has no write');
  const unshielding = (chunk: unknown): unknown =>
    Reflect.apply(write, client, [Buffer.isBuffer(chunk) ? unshieldBytes(chunk) : chunk]);
  Reflect.set(client, 'write', unshielding);
  // It leaves names alone where both sides have agreed on UTF-8.
  client.enabled.add('UTF8=ACCEPT');
  return {
    end: () => {
      client.enabled.delete('UTF8=ACCEPT');
      Reflect.deleteProperty(client, 'write');
    },
  };
}
