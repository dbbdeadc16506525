import { Defects } from './defects.ts';
import { firstField, type HeaderField } from './headers.ts';
import { type Parameterised, parseParameters } from './parameters.ts';

export const textPlain: Parameterised = { value: 'text/plain', parameters: new Map() };
const digestPart: Parameterised = { value: 'message/rfc822', parameters: new Map() };

/** Content-Types that came by without a defect and name nothing of their message, by how they were written: there are few. */
const knownTypes = new Map<string, Parameterised>();
const maxKnownTypes = 500;
const longestKnownType = 80;

/** A Content-Type as it is written; every sender writes the same few, so that they are kept. */
function parseType(value: string, defects: Defects): Parameterised {
  const known = knownTypes.get(value);
  if (known !== undefined) return known;
  const found = new Defects();
  const parsed = parseParameters(value, 'content-type', found);
  defects.addAll(found);
  const isCommon =
    value.length <= longestKnownType &&
    found.list().length === 0 &&
    [...parsed.parameters.keys()].every((name) => name === 'charset' || name === 'format' || name === 'delsp');
  // Bounded: values come from strangers. A copy: a slice would keep the whole header.
  if (isCommon && knownTypes.size < maxKnownTypes)
    knownTypes.set(Buffer.from(value, 'latin1').toString('latin1'), detached(parsed));
  return parsed;
}

const copyOf = (text: string): string => Buffer.from(text).toString();
const detached = ({ value, parameters }: Parameterised): Parameterised => ({
  value: copyOf(value),
  parameters: new Map([...parameters].map(([name, text]) => [copyOf(name), copyOf(text)])),
});

function isType(value: string): boolean {
  const slash = value.indexOf('/');
  return slash > 0 && slash < value.length - 1 && !/[\s"<>@,]/.test(value);
}

/** What is meant by a type in quotes, with blanks around its slash or a comma behind it; a multipart without a subtype is mixed. */
function repaired(value: string): string {
  const type = value.replace(/^"|(?<![",])[",]+$/g, '').replace(/ ?\/ ?/, '/');
  return /^multipart\/?$/.test(type) ? 'multipart/mixed' : type;
}

/** Content-Type of a part; the default where there is none or none that can be read (RFC 2045 §5.2, RFC 2046 §5.1.5). */
export function contentType(fields: readonly HeaderField[], inDigest: boolean, defects: Defects): Parameterised {
  const value = firstField(fields, 'content-type');
  const fallback = inDigest ? digestPart : textPlain;
  if (value === '') return fallback;
  const parsed = parseType(value, defects);
  if (isType(parsed.value)) return parsed;
  const type = repaired(parsed.value);
  if (type !== 'text') defects.add('CONTENT_TYPE_INVALID', 'part');
  return { value: isType(type) ? type : fallback.value, parameters: parsed.parameters };
}
