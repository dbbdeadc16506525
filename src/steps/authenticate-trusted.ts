import type { AuthenticateSpec } from '../api/kinds/authenticate.ts';
import { type Authentication, fromTrusted } from '../message/authentication/authentication.ts';
import { trustedResults } from '../message/authentication/trusted-results.ts';
import type { HeaderField } from '../message/headers.ts';

/** What a server that is trusted says in these fields; null when none does. */
export function trustedOf(
  { trust, receivedBy }: AuthenticateSpec,
  fields: readonly HeaderField[],
): Authentication | null {
  const trusted = trust === undefined ? null : trustedResults(fields, trust, receivedBy);
  return trusted === null ? null : fromTrusted(trusted);
}
