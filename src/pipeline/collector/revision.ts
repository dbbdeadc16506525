import { createHash } from 'node:crypto';
import type { ResolvedHttp, ResolvedSmtp } from '../../api/resolve-pushed.ts';
import { canonicalJson } from '../revision/canonical-json.ts';
import type { SecretKey } from '../revision/revision.ts';
import { uniqueKeys } from '../revision/source-secrets.ts';

/**
 * One immutable compiled form of a source that has a collector; JSON, as the ConfigMap `<source>-collector-<hash>` holds it under the key
 * `source.json`. `hash` is the first 10 hex digits of the SHA-256 of the canonical JSON of everything else in it. Exactly one kind is set.
 */
export interface CollectorRevision {
  readonly version: 1;
  readonly namespace: string;
  readonly source: string;
  readonly hash: string;
  readonly smtp?: ResolvedSmtp;
  readonly http?: ResolvedHttp;
  readonly storeRef: { readonly name: string; readonly key: string };
}

/** The parts of a resolved source that make a collector of it. */
export interface CollectedSpec {
  readonly smtp?: ResolvedSmtp | undefined;
  readonly http?: ResolvedHttp | undefined;
  readonly storeRef?: { readonly name: string; readonly key: string } | undefined;
}

/** Compiles a source whose mail is pushed; undefined for one that has no listener. Pure, as `compilePipeline` is. */
export function compileCollector(
  namespace: string,
  source: string,
  { smtp, http, storeRef }: CollectedSpec,
): CollectorRevision | undefined {
  if (!smtp && !http) return undefined;
  const canonical = canonicalJson({
    version: 1,
    namespace,
    source,
    ...(smtp && { smtp }),
    ...(http && { http }),
    storeRef: storeRef ?? { name: 'mailmill-store', key: 'uri' },
  });
  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 10);
  // The same value as it went in, key order apart.
  return { hash, ...(JSON.parse(canonical) as Omit<CollectorRevision, 'hash'>) };
}

/** Port that the collector listens on; of its container and of its Service. */
export const collectorPort = ({ smtp, http }: CollectorRevision): number => smtp?.port ?? http?.port ?? 0;

/** The keys of Secrets that a collector reads: sorted by name and key, each once. */
export function collectorSecrets({ smtp, http, storeRef }: CollectorRevision): readonly SecretKey[] {
  const certificate = smtp?.tls?.certificateSecretRef.name ?? http?.tls?.certificateSecretRef.name;
  const login = smtp?.auth?.secretRef.name;
  return uniqueKeys([
    storeRef,
    ...(certificate === undefined ? [] : ['tls.crt', 'tls.key'].map((key) => ({ name: certificate, key }))),
    ...(login === undefined ? [] : ['username', 'password'].map((key) => ({ name: login, key }))),
    ...(http ? [http.auth.secretRef] : []),
  ]);
}
