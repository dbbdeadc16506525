import { Cursor } from './structured.ts';

/** A property of a result: `smtp.mailfrom=a@example.com`. All but the value is lower case. */
export interface ResultProperty {
  readonly ptype: string;
  readonly property: string;
  readonly value: string;
}

/** One method's result. Keywords are lower case. */
export interface MethodResult {
  readonly method: string;
  readonly methodVersion: number;
  readonly result: string;
  readonly reason: string;
  readonly properties: readonly ResultProperty[];
}

/** One Authentication-Results field. */
export interface AuthenticationResults {
  /** Who says so; lower case; empty where the field leaves it out, as Exchange Online does. */
  readonly authservId: string;
  readonly version: number;
  /** Empty for `none`: nothing was checked. */
  readonly results: readonly MethodResult[];
}

/** Longer fields are none of ours, and are not read. */
const maxLength = 65_536;
const maxResults = 100;
const maxProperties = 32;

/** What follows the authserv-id: one result for each part between semicolons; what is no result is passed over. */
function readResults(cursor: Cursor): readonly MethodResult[] {
  const results: MethodResult[] = [];
  while (!cursor.ended && results.length < maxResults) {
    const read = readResult(cursor);
    if (read !== null) results.push(read);
    cursor.nextPart();
  }
  return results;
}

function readResult(cursor: Cursor): MethodResult | null {
  const method = cursor.keyword();
  if (method === '') return null;
  const methodVersion = cursor.take('/') ? Number.parseInt(cursor.token(), 10) || 1 : 1;
  if (!cursor.take('=')) return null;
  const result = cursor.keyword();
  if (result === '') return null;
  let reason = '';
  const properties: ResultProperty[] = [];
  while (properties.length < maxProperties) {
    const name = cursor.keyword();
    if (name === '') break;
    if (cursor.take('.')) {
      const property = cursor.keyword();
      if (property === '' || !cursor.take('=')) break;
      properties.push({ ptype: name, property, value: cursor.value() });
    } else if (cursor.take('=')) {
      const value = cursor.value();
      // Others than reason, such as Exchange's action=, are not of RFC 8601.
      if (name === 'reason') reason = value;
    } else break;
  }
  return { method, methodVersion, result, reason, properties };
}

/** `authserv-id [version]`, up to the first semicolon. */
function readAuthserv(cursor: Cursor): { readonly authservId: string; readonly version: number } {
  const start = cursor.position;
  const authservId = cursor.value().toLowerCase();
  if (cursor.take('=') || authservId.includes('=')) {
    // A result stands where the id must be.
    cursor.position = start;
    return { authservId: '', version: 1 };
  }
  const version = Number.parseInt(cursor.token(), 10) || 1;
  cursor.nextPart();
  return { authservId, version };
}

/**
 * Reads the unfolded value of an Authentication-Results field (RFC 8601 §2.2). Comments are left out wherever they may stand. What
 * breaks the grammar is passed over, up to the next semicolon. Null when nothing can be read, or it is longer than 64 KiB.
 */
export function readAuthenticationResults(value: string): AuthenticationResults | null {
  if (value.length > maxLength) return null;
  const cursor = new Cursor(value);
  const authserv = readAuthserv(cursor);
  const results = readResults(cursor);
  if (authserv.authservId === '' && results.length === 0) return null;
  return { ...authserv, results };
}

/** The value of a property; empty when the result does not have it. */
export function propertyOf(result: MethodResult, ptype: string, ...properties: readonly string[]): string {
  for (const property of properties) {
    const found = result.properties.find((each) => each.ptype === ptype && each.property === property);
    if (found !== undefined) return found.value;
  }
  return '';
}
