export type UserKind = 'pipeline' | 'source';

/** Who needs which Secrets, as of the last look at each. */
export interface SecretUsers {
  /** `namespace/name` needs these Secrets of its namespace, and no others. */
  need(kind: UserKind, key: string, names: ReadonlySet<string>): void;
  /** It is gone. */
  gone(kind: UserKind, key: string): void;
  /** Keys of those that need this Secret; without a name: any Secret of the namespace. */
  of(kind: UserKind, namespace: string, secret: string | undefined): string[];
}

/** @param onUnused called when the last one of a namespace that needed a Secret is gone. */
export function createSecretUsers(onUnused: (namespace: string) => void): SecretUsers {
  const namespaces = new Map<string, Map<string, ReadonlySet<string>>>();
  const namespaceOf = (key: string) => key.slice(0, key.indexOf('/'));
  return {
    need: (kind, key, names) => {
      const namespace = namespaceOf(key);
      const users = namespaces.get(namespace) ?? new Map<string, ReadonlySet<string>>();
      namespaces.set(namespace, users.set(`${kind} ${key}`, names));
    },
    gone: (kind, key) => {
      const namespace = namespaceOf(key);
      const users = namespaces.get(namespace);
      if (users?.delete(`${kind} ${key}`) !== true || users.size > 0) return;
      namespaces.delete(namespace);
      onUnused(namespace);
    },
    of: (kind, namespace, secret) =>
      [...(namespaces.get(namespace) ?? [])].flatMap(([user, names]) =>
        user.startsWith(`${kind} `) && (secret === undefined ? names.size > 0 : names.has(secret))
          ? [user.slice(kind.length + 1)]
          : [],
      ),
  };
}
