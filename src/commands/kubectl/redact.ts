/** Somebody's address, also percent-encoded; the digest of an image is none. Bounded: long words must not take long. */
const address = /[^\s"'<>()\\,;:@/]{1,128}(?:@|%40)(?!sha256:)[^\s"'<>()\\,;:@/]+/g;
const uri = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s"'<>\\]*)/gi;

/** Of a URI scheme and host remain: what stands before the host is a login, with any characters, and what comes after may be a key. */
function shorter(_: string, scheme: string, rest: string): string {
  const [, host = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest.slice(rest.lastIndexOf('@') + 1)) ?? [];
  return `${scheme}${host}${path === '' || path === '/' ? path : '/…'}`;
}

/** Text without e-mail addresses, and of URIs nothing but scheme and host. */
export const redact = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const short = line.includes('://') ? line.replaceAll(uri, shorter) : line;
      return /@|%40/.test(short) ? short.replaceAll(address, '<address>') : short;
    })
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
