/** An IP address as reports state it, `[192.0.2.1]` or `IPv6:2001:db8::1` (RFC 5321 §4.1.3), by itself and in lower case. */
export const bareLiteral = (text: string): string =>
  text
    .trim()
    .replace(/^\[(.*)\]$/s, '$1')
    .replace(/^ipv6:/i, '')
    .toLowerCase();
