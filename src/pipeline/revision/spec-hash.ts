import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** First 16 hex digits of the SHA-256 of a spec's canonical JSON: what makes a run the same run. */
export const specHash = (spec: object): string =>
  createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16);
