import { MailmillError } from '../telemetry/errors.ts';
import { attachmentOf, unpackedAttachment, type Within } from './attachment.ts';
import { Defects } from './defects.ts';
import { firstField, type HeaderField, readHeaders } from './headers.ts';
import { bareContentId, contentOf, dispositionOf, filenameOf, transferEncoding } from './leaf-content.ts';
import type { Attachment, ParseLimits } from './message.ts';
import { type Leaf, type Multipart, type Part, readTree } from './mime-tree.ts';
import { parseParameters } from './parameters.ts';
import { isSmimeFile, ProtectionFinder } from './protection.ts';
import { readContentInfo } from './smime/content-info.ts';
import { isTnef, readTnef, type Tnef } from './tnef/tnef.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** A body that stands in `bytes`: the message, or what was unpacked of it. */
export interface PlacedBody {
  readonly bytes: Buffer;
  readonly leaf: Leaf;
}

/** What is shown of a part by who prefers plain text and by who prefers HTML (RFC 8621 §4.1.4: `textBody`, `htmlBody`). */
interface Views {
  readonly text: readonly PlacedBody[];
  readonly html: readonly PlacedBody[];
}

/** Decodes an attachment; most of the work of a message that has one. */
export type ReadAttachment = () => Attachment;

export interface FoundBodies extends Views {
  readonly attachments: readonly ReadAttachment[];
  readonly protection: ProtectionFinder;
  /** The first winmail.dat. */
  readonly tnef: Tnef | null;
}

/** Where a part stands. */
interface Place {
  /** Of the multipart around it. */
  readonly subtype: string;
  readonly index: number;
  readonly inRelated: boolean;
}

/** Bytes that parts stand in. */
interface Container {
  readonly bytes: Buffer;
  readonly within: Within | null;
  readonly depth: number;
}

const none: Views = { text: [], html: [] };
/** Deepest nesting of packed files, and most of them, that are opened. */
const maxUnpackedDepth = 4;
const maxUnpacked = 100;

const isHtml = ({ leaf }: PlacedBody): boolean => leaf.type === 'text/html';
const isPlain = ({ leaf }: PlacedBody): boolean => leaf.type !== 'text/html';

/** Which part of a `related` is shown: the one that `start` names by its Content-ID, else the first (RFC 2387 §3.2). */
function rootOf({ fields, parts }: Multipart): number {
  const value = firstField(fields, 'content-type');
  // Most name none.
  if (!/start\s*\*?\s*=/i.test(value)) return 0;
  const start = bareContentId(parseParameters(value, 'content-type', new Defects()).parameters.get('start') ?? '');
  return start === ''
    ? 0
    : Math.max(
        0,
        parts.findIndex((part) => bareContentId(firstField(part.fields, 'content-id')) === start),
      );
}

class BodyFinder {
  readonly #limits: ParseLimits;
  readonly #defects: Defects;
  readonly attachments: ReadAttachment[] = [];
  readonly protection = new ProtectionFinder();
  tnef: Tnef | null = null;
  #unpacked = 0;

  constructor(limits: ParseLimits, defects: Defects) {
    this.#limits = limits;
    this.#defects = defects;
  }

  visit(part: Part, place: Place, container: Container): Views {
    return part.kind === 'multipart' ? this.#multipart(part, place, container) : this.#leaf(part, place, container);
  }

  #multipart(part: Multipart, place: Place, container: Container): Views {
    const { subtype, parts } = part;
    this.protection.multipart(subtype, part.fields);
    if (part.bare) {
      const encoding = transferEncoding(part);
      if (encoding === 'base64' || encoding === 'quoted-printable')
        return this.#encoded(part, encoding, place, container);
    }
    const inRelated = place.inRelated || subtype === 'related';
    const root = subtype === 'related' ? rootOf(part) : 0;
    // The root stands first, wherever it stands.
    const views = parts.map((child, index) =>
      this.visit(child, { subtype, index: root === 0 ? index : Math.abs(index - root), inRelated }, container),
    );
    if (subtype === 'alternative') return this.#choose(views);
    if (views.length === 1) return views[0] ?? none;
    return { text: views.flatMap((view) => view.text), html: views.flatMap((view) => view.html) };
  }

  /** Of alternatives, the first with plain text for the one view, the first with HTML for the other. */
  #choose(views: readonly Views[]): Views {
    const text = views.find((view) => view.text.some(isPlain)) ?? views.find((view) => view.text.length > 0) ?? none;
    const html = views.find((view) => view.html.some(isHtml)) ?? none;
    const isSaid = ({ leaf }: PlacedBody) => leaf.end > leaf.start;
    for (const view of views)
      if (view !== text && view !== html && view.text.some(isSaid))
        this.#defects.add('BODY_PART_LEFT_OUT', 'alternative');
    return { text: text.text, html: html.html };
  }

  #leaf(leaf: Leaf, { subtype, index, inRelated }: Place, container: Container): Views {
    const { type } = leaf;
    if (type === 'text/plain' || type === 'text/html') {
      const disposition = dispositionOf(leaf, this.#defects);
      const standsAsBody =
        index === 0 || subtype === 'alternative' || (subtype !== 'related' && filenameOf(leaf, disposition) === '');
      if (disposition.value !== 'attachment' && standsAsBody) {
        const view = [{ bytes: container.bytes, leaf }];
        return { text: view, html: view };
      }
    }
    this.attachments.push(() => attachmentOf(container.bytes, leaf, inRelated, container.within, this.#defects));
    return type.startsWith('application/') ? this.#application(leaf, filenameOf(leaf), container) : none;
  }

  /** Opens what Outlook and S/MIME pack a message into. */
  #application(leaf: Leaf, filename: string, container: Container): Views {
    this.protection.leaf(leaf.type);
    const packed = () => contentOf(container.bytes, leaf, this.#defects);
    if (isSmimeFile(leaf.type, filename)) {
      const { kind, signed } = readContentInfo(packed());
      const smimeType = leaf.parameters.get('smime-type')?.toLowerCase() ?? '';
      this.protection.smime(kind, smimeType);
      if (signed !== null) return this.#open(signed, 'smime', container) ?? none;
      if (smimeType === 'signed-data') this.#defects.add('SMIME_INVALID', 'attachment');
    } else if (isTnef(leaf.type, filename) && this.#mayUnpack(container)) this.#readTnef(packed());
    return none;
  }

  #readTnef(content: Buffer): void {
    const tnef = readTnef(content);
    if (tnef?.complete !== true) this.#defects.add('TNEF_INVALID', 'attachment');
    if (tnef === null) return;
    this.tnef ??= tnef;
    for (const file of tnef.files) this.attachments.push(() => unpackedAttachment(file, 'tnef', this.#defects));
  }

  #mayUnpack(container: Container): boolean {
    this.#unpacked++;
    if (this.#unpacked <= maxUnpacked && container.depth < maxUnpackedDepth) return true;
    this.#defects.add('UNPACK_LIMIT', 'attachment');
    return false;
  }

  /** Views of a MIME entity in a buffer of its own; null when no more is unpacked. */
  #open(bytes: Buffer, within: Within | null, container: Container): Views | null {
    const tree = this.#mayUnpack(container) ? this.#treeIn(bytes, null) : null;
    if (tree === null) return null;
    const inside: Container = { bytes, within, depth: container.depth + 1 };
    return this.visit(tree, { subtype: '', index: 0, inRelated: false }, inside);
  }

  /**
   * The tree of what was packed: an entity with its header, or the body of one whose header is known. What exceeds a limit of
   * parsing stays packed; it is no reason to give the message up.
   */
  #treeIn(bytes: Buffer, known: readonly HeaderField[] | null): Part | null {
    try {
      const { headerBytes } = this.#limits;
      const header =
        known === null
          ? readHeaders(bytes, 0, bytes.length, headerBytes, this.#defects)
          : { fields: known, bodyStart: 0 };
      return readTree(bytes, header.fields, header.bodyStart, this.#limits, this.#defects);
    } catch (error) {
      if (!(error instanceof MailmillError)) throw error;
      this.#defects.add('UNPACK_LIMIT', 'attachment');
      return null;
    }
  }

  /** A multipart that is encoded as a whole, which RFC 2045 §6.4 forbids. */
  #encoded(part: Multipart, encoding: string, place: Place, container: Container): Views {
    const content = part.parts[0];
    if (content?.kind !== 'leaf') return none;
    const decoded = decodeTransfer(container.bytes.subarray(content.start, content.end), encoding, this.#defects);
    const tree = this.#mayUnpack(container) ? this.#treeIn(decoded, part.fields) : null;
    if (tree === null) return this.#leaf(content, place, container);
    this.#defects.add('MULTIPART_ENCODED', 'multipart');
    const still = tree.kind === 'multipart' && tree.bare ? tree.parts[0] : undefined;
    return this.visit(still ?? tree, place, { ...container, bytes: decoded, depth: container.depth + 1 });
  }
}

/**
 * Finds the bodies of a message, and its attachments, by the rules of RFC 8621 §4.1.4: text is a body unless it is an attachment
 * by disposition, has a name and does not stand first, or belongs to a `related` body; of such a body the root (RFC 2387) stands first. Opens signed S/MIME files and winmail.dat.
 */
export function findBodies(raw: Buffer, tree: Part, limits: ParseLimits, defects: Defects): FoundBodies {
  const finder = new BodyFinder(limits, defects);
  const views = finder.visit(tree, { subtype: '', index: 0, inRelated: false }, { bytes: raw, within: null, depth: 0 });
  const { attachments, protection, tnef } = finder;
  return { ...views, attachments, protection, tnef };
}
