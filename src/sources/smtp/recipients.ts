/** Whether text matches a pattern in which `*` stands for any characters; both in lower case. Linear but for the stars. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

const split = (address: string): readonly [local: string, domain: string] => {
  const at = address.lastIndexOf('@');
  return at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)];
};

/** Whether an address is one of those that the patterns name; case does not count. */
export function isRecipient(patterns: readonly string[], address: string): boolean {
  const [local, domain] = split(address.toLowerCase());
  return patterns.some((pattern) => {
    const [localPattern, domainPattern] = split(pattern.toLowerCase());
    return domain !== '' && matches(localPattern, local) && matches(domainPattern, domain);
  });
}

/** What a recipient is known by: the part behind the `@` has no case. */
export function recipientKey(address: string): string {
  const [local, domain] = split(address);
  return `${local}@${domain.toLowerCase()}`;
}
