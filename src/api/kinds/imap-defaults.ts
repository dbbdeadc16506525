import { type PresetName, presets } from './imap-presets.ts';

interface Defaultable {
  readonly host: string;
  readonly port?: number;
  readonly preset: PresetName;
  readonly tls: { readonly mode: string };
  readonly auth: { readonly grant?: string; readonly scope?: string };
  readonly limits: { readonly connectionsPerAccount?: number; readonly bytesPerDay?: string };
}

/** What follows from other fields: the port from `tls.mode` (993 with implicit TLS, else 143), limits and scope from `preset`. */
export function withDefaults<T extends Defaultable>(imap: T): T & { readonly port: number } {
  const { connectionsPerAccount, bytesPerDay, scope } = presets[imap.preset];
  const { host, port, ...rest } = imap;
  const asksForScope = scope !== undefined && imap.auth.grant === 'ClientCredentials';
  // The same type: fields that may be absent are filled in.
  return {
    host,
    port: port ?? (imap.tls.mode === 'Implicit' ? 993 : 143),
    ...rest,
    auth: { ...(asksForScope && { scope }), ...imap.auth },
    limits: { connectionsPerAccount, ...(bytesPerDay !== undefined && { bytesPerDay }), ...imap.limits },
  } as T & { readonly port: number };
}
