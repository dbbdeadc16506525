import type { HeaderField } from '../headers.ts';
import { type AuthenticationResults, type MethodResult, readAuthenticationResults } from './authentication-results.ts';
import { findBorder } from './received.ts';

/** Stands for fields that name no server, as Exchange Online writes them. */
const unnamedServer = '-';

/** The version of the field and of each method that is known; what another means nobody can tell (RFC 8601 §2.6). */
const knownVersion = 1;

/** Most fields of one run that are read. */
const maxFields = 16;

export interface TrustedResults {
  /** Who says so; lower case, empty for a field that names nobody. */
  readonly authservId: string;
  readonly results: readonly MethodResult[];
}

/**
 * The results that a server we trust wrote (RFC 8601 §5): those of the topmost run of Authentication-Results fields with one of
 * these authserv-ids, read from the top.
 *
 * - A server writes its fields above what it received, so the topmost are the latest. The run ends at the next Received field, and
 *   at a field of another server: below may be what the sender wrote.
 * - Of each method the topmost field of the run that has it counts, with all its results; a lower one adds none.
 * - With `receivedBy`, our own mail servers as they name themselves in Received fields, nothing counts that stands below the
 *   first Received field that none of them can vouch for.
 * - A method of another version than 1 is not read, a field of another version ends the run. Null when nothing is left, as with `none`:
 *   nobody has checked anything.
 *
 * A field that a sender forged with our id is told from ours by nothing but its place. The border mail server must therefore
 * remove those it receives, as §5 demands of it; the rule above limits what is believed where it does not.
 */
export function trustedResults(
  fields: readonly HeaderField[],
  authservIds: readonly string[],
  receivedBy: readonly string[] = [],
): TrustedResults | null {
  const end = receivedBy.length === 0 ? fields.length : (findBorder(fields, receivedBy)?.untrusted ?? 0);
  const trusted = new Set(authservIds.map((id) => id.toLowerCase()));
  const run: AuthenticationResults[] = [];
  for (const field of fields.slice(0, end)) {
    if (field.name === 'received' && run.length > 0) break;
    if (field.name !== 'authentication-results') continue;
    const read = readAuthenticationResults(field.value);
    const ours = read !== null && trusted.has(read.authservId === '' ? unnamedServer : read.authservId);
    if (ours) run.push(read);
    if (run.length > 0 && (!ours || run.length >= maxFields)) break;
  }
  const [first] = run;
  if (first === undefined) return null;
  const results: MethodResult[] = [];
  const known = new Set<string>();
  for (const field of run) {
    if (field.version !== knownVersion) break;
    for (const result of field.results)
      if (!known.has(result.method) && result.methodVersion === knownVersion) results.push(result);
    for (const result of field.results) known.add(result.method);
  }
  return results.length === 0 ? null : { authservId: first.authservId, results };
}
