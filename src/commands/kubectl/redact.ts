/** Somebody's address, also percent-encoded; the digest of an image is none. Bounded: long words must not take long. */
const address = /[^\s"'<>()\\,;:@/]{1,128}(?:@|%40)(?!sha256:)[^\s"'<>()\\,;:@/]+/g;
/** User and password of a URI. */
const credentials = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s"'<>@/]{1,512}@/gi;

/** Text without e-mail addresses and without user and password of URIs. */
export const redact = (text: string): string =>
  text
    .split('\n')
    .map((line) => (/@|%40/.test(line) ? line.replaceAll(credentials, '$1').replaceAll(address, '<address>') : line))
    .join('\n');

/** Fields of Kubernetes objects that may hold copies of anything. */
const hidden = new Set(['kubectl.kubernetes.io/last-applied-configuration', 'managedFields', 'stringData']);

/** An object as JSON, without addresses, hashes of tokens and what may hold copies of Secrets. */
export const redactedJson = (value: unknown): string => {
  const shown = JSON.stringify(
    value,
    (key, field: unknown) => {
      if (hidden.has(key)) return undefined;
      if (typeof field === 'object' && field !== null && Reflect.get(field, 'name') === 'MAILMILL_STATUS_TOKEN_SHA256')
        return { name: 'MAILMILL_STATUS_TOKEN_SHA256', value: '<redacted>' };
      return field;
    },
    2,
  );
  return redact(shown);
};
