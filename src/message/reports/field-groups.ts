/** Fields of one block by lower-case name, values unfolded and trimmed, in the order they stand. */
export type FieldGroup = ReadonlyMap<string, readonly string[]>;

const field = /^([A-Za-z][\w.-]{0,80})[ \t]*:(.*)$/;

/**
 * Reads groups of header-like fields that blank lines part: the body of a delivery status (RFC 3464 §2.1), of a feedback
 * report (RFC 5965 §3) and of a disposition notification (RFC 8098 §3.1). Lines that are no fields continue the one before,
 * as some MTAs forget to fold. Linear in the length of `text`.
 *
 * @param once lower-case names of fields that stand once in a group, the one that no group lacks first: where that has been read, another one
 * of the group's first begins a new group.
 */
export function readFieldGroups(text: string, once: readonly string[] = []): readonly FieldGroup[] {
  const groups: FieldGroup[] = [];
  let group = new Map<string, string[]>();
  let value: string[] | null = null;
  let last: string[] = [];
  const [key = ''] = once;
  let leader = '';
  const finishField = () => {
    if (value !== null) value.push(last.join(' ').trim());
    value = null;
  };
  const finishGroup = () => {
    finishField();
    if (group.size > 0) groups.push(group);
    group = new Map();
    leader = '';
  };
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      finishGroup();
      continue;
    }
    const folded = line.startsWith(' ') || line.startsWith('\t');
    const match: RegExpExecArray | null = folded && value !== null ? null : field.exec(line.trimStart());
    if (match === null) {
      if (value !== null) last.push(line.trim());
      continue;
    }
    finishField();
    const name: string = (match[1] ?? '').toLowerCase();
    if (name === leader && group.has(key)) finishGroup();
    if (leader === '' && once.includes(name)) leader = name;
    value = group.get(name) ?? [];
    group.set(name, value);
    last = [(match[2] ?? '').trim()];
  }
  finishGroup();
  return groups;
}

/** The first value of a field; empty when there is none. */
export const firstValue = (group: FieldGroup, name: string): string => group.get(name)?.[0] ?? '';

/** What stands behind `type;` of a typed field (`rfc822; a@b`), without the comment that MTAs add to MTA names. */
export function typedValue(value: string): { readonly type: string; readonly value: string } {
  const semicolon = value.indexOf(';');
  if (semicolon === -1 || /[@\s<]/.test(value.slice(0, semicolon).trim())) return { type: '', value: value.trim() };
  return { type: value.slice(0, semicolon).trim().toLowerCase(), value: value.slice(semicolon + 1).trim() };
}
