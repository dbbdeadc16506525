import { withoutComments } from './comments.ts';
import { Defects } from './defects.ts';
import { firstField } from './headers.ts';
import type { Leaf } from './mime-tree.ts';
import { type Parameterised, parseParameters } from './parameters.ts';
import { decodeTransfer } from './transfer-encoding.ts';

const noDisposition: Parameterised = { value: '', parameters: new Map() };

/** Content-Disposition of a leaf; empty when it has none. */
export function dispositionOf(leaf: Leaf, defects: Defects): Parameterised {
  const value = firstField(leaf.fields, 'content-disposition');
  return value === '' ? noDisposition : parseParameters(value, 'content-disposition', defects);
}

/** The name that a leaf gives its content, of two that are not empty the one of its disposition; empty when it gives none. */
export const filenameOf = (leaf: Leaf, disposition = dispositionOf(leaf, new Defects())): string =>
  disposition.parameters.get('filename') || (leaf.parameters.get('name') ?? '');

/** What a Content-ID names, without its angle brackets and what stands around them. */
export const bareContentId = (value: string): string => (/^[^<]*<([^>]*)>/.exec(value)?.[1] ?? value).trim();

/** Lower-case Content-Transfer-Encoding without quotes and comments; empty when there is none. */
export function transferEncoding({ fields }: Pick<Leaf, 'fields'>): string {
  const value = firstField(fields, 'content-transfer-encoding');
  const plain = value.startsWith('(') ? withoutComments(value).trim() : value;
  return /^["']?([^\s;,("']*)/.exec(plain)?.[1]?.toLowerCase() ?? '';
}

/** Decoded bytes of a leaf of `raw`. */
export const contentOf = (raw: Buffer, leaf: Leaf, defects: Defects): Buffer =>
  decodeTransfer(raw.subarray(leaf.start, leaf.end), transferEncoding(leaf), defects);
