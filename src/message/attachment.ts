import { createHash } from 'node:crypto';
import { decodeBase64Pieces } from './base64.ts';
import { Defects } from './defects.ts';
import { readEnvelope } from './envelope.ts';
import { sha256 } from './fields.ts';
import { firstField, readHeaders } from './headers.ts';
import { bareContentId, contentOf, dispositionOf, filenameOf, transferEncoding } from './leaf-content.ts';
import type { Attachment } from './message.ts';
import type { Leaf } from './mime-tree.ts';
import { clean, cut, maxAttachmentNameLength } from './sanitize.ts';

/** What something was unpacked of. */
export type Within = NonNullable<Attachment['within']>;

/** A file that was unpacked of another. */
export interface UnpackedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly contentId: string;
  readonly inline: boolean;
  readonly content: Buffer;
}

/** Header bytes of a nested message that are looked at for its subject. */
const nestedHeader = 65_536;
/** Encoded bytes from which on an attachment is decoded in pieces. */
const largeAttachment = 131_072;

/** Whether a type is that of a whole message (RFC 2046 §5.2.1, RFC 6532 §3.7). */
export const isMessageType = (type: string): boolean => type === 'message/rfc822' || type === 'message/global';

function named(text: string, defects: Defects): string {
  const name = clean(text, 'attachment', defects);
  return cut(name, maxAttachmentNameLength, 'NAME_CUT', 'attachment', defects);
}

function digest(raw: Buffer, leaf: Leaf, defects: Defects): Pick<Attachment, 'size' | 'sha256'> {
  if (leaf.end - leaf.start < largeAttachment || transferEncoding(leaf) !== 'base64') {
    const content = contentOf(raw, leaf, defects);
    return { size: content.length, sha256: sha256(content) };
  }
  const hash = createHash('sha256');
  let size = 0;
  decodeBase64Pieces(raw.subarray(leaf.start, leaf.end), defects, (piece) => {
    size += piece.length;
    hash.update(piece);
  });
  return { size, sha256: hash.digest('hex') };
}

/** Subject of a nested message. */
function subjectOf(content: Buffer): string {
  const unused = new Defects();
  const header = readHeaders(content, 0, Math.min(content.length, nestedHeader), nestedHeader * 8, unused);
  const subject = header.fields.filter((field) => field.name === 'subject').slice(0, 1);
  return readEnvelope(subject, false, unused).subject;
}

/** The entry of a leaf of `raw` that is no body; a nested message without a name is named by its subject. */
export function attachmentOf(
  raw: Buffer,
  leaf: Leaf,
  inRelated: boolean,
  within: Within | null,
  defects: Defects,
): Attachment {
  const disposition = dispositionOf(leaf, defects);
  let filename = filenameOf(leaf, disposition);
  if (isMessageType(leaf.type)) {
    if (filename === '') filename = subjectOf(contentOf(raw, leaf, defects));
    const encoding = transferEncoding(leaf);
    if (leaf.type === 'message/rfc822' && (encoding === 'base64' || encoding === 'quoted-printable'))
      defects.add('MESSAGE_ENCODED', 'attachment');
  }
  const contentId = bareContentId(firstField(leaf.fields, 'content-id'));
  return {
    filename: named(filename, defects),
    contentType: named(leaf.type, defects),
    ...digest(raw, leaf, defects),
    contentId: named(contentId, defects),
    inline: disposition.value === 'inline' || (disposition.value === '' && inRelated && contentId !== ''),
    ...(within !== null && { within }),
  };
}

/** The entry of an unpacked file. */
export const unpackedAttachment = (file: UnpackedFile, within: Within, defects: Defects): Attachment => ({
  filename: named(file.filename, defects),
  contentType: named(file.contentType, defects),
  size: file.content.length,
  sha256: sha256(file.content),
  contentId: named(file.contentId, defects),
  inline: file.inline,
  within,
});
