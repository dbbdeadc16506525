/** One mailbox of an address header; groups are flattened and remembered. */
export interface Address {
  /** Decoded display name; empty when there is none. */
  readonly name: string;
  /** As it stands: `local@domain`, or what stands there instead. */
  readonly address: string;
  /** Lower-case domain of `address`, an internationalised one as A-labels (`xn--…`); empty when there is none. */
  readonly domain: string;
  /** Name of the group that it is listed in. */
  readonly group?: string;
}

/** One leaf of the MIME tree that is not a body. */
export interface Attachment {
  /** Decoded; empty when it has none. */
  readonly filename: string;
  /** Media type in lower case, without parameters. */
  readonly contentType: string;
  /** Bytes after decoding. */
  readonly size: number;
  /** SHA-256 of the decoded bytes, lower-case hex. */
  readonly sha256: string;
  /** Without angle brackets; empty when it has none. */
  readonly contentId: string;
  /** The sender wants it shown within the text. */
  readonly inline: boolean;
  /** What it was taken out of, when it is no part of its own: a signed S/MIME file, a winmail.dat, a uuencoded block in a text. */
  readonly within?: 'smime' | 'tnef' | 'uuencode';
}

/** How a message is protected, by its structure; no signature is checked and nothing decrypted. */
export interface Protection {
  /** Which standard. */
  readonly kind: 'smime' | 'pgp';
  /** It bears a signature, which nobody checked. */
  readonly signed: boolean;
  /** Its content is encrypted. */
  readonly encrypted: boolean;
}

/** Something that was repaired or left out while reading a message; `code` is constant. */
export interface Defect {
  /** One of `defect-codes.ts`. */
  readonly code: string;
  /** Where: `message`, `header`, `text` and the like. */
  readonly detail: string;
}

/** What stands in a message: its header's fields and its bodies. */
export interface ParsedMessage {
  /** Message-ID without angle brackets; empty when there is none. */
  readonly messageId: string;
  /** Ids of In-Reply-To, without angle brackets. */
  readonly inReplyTo: readonly string[];
  /** Ids of References, oldest first, without angle brackets. */
  readonly references: readonly string[];
  /** Decoded Subject; empty when there is none. */
  readonly subject: string;
  /** First address of From. */
  readonly from: Address | null;
  /** Address of Sender. */
  readonly sender: Address | null;
  /** Addresses of Reply-To. */
  readonly replyTo: readonly Address[];
  /** Addresses of To. */
  readonly to: readonly Address[];
  /** Addresses of Cc. */
  readonly cc: readonly Address[];
  /** Addresses of Bcc, which most senders leave out. */
  readonly bcc: readonly Address[];
  /** The Date header as an instant; null when there is none that can be read. */
  readonly date: Date | null;
  /** Decoded unfolded header values by lower-case name, in the order of the message. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /**
   * Every text of the body in the order of the message, as RFC 8621 §4.1.4 lists them in `textBody`: of alternatives the plain
   * one, else HTML as text; flowed lines joined, uuencoded files taken out. From HTML when the plain text is blank.
   */
  readonly text: string;
  /** Every HTML of the body, as RFC 8621 §4.1.4 lists them in `htmlBody`; empty when there is none. */
  readonly html: string;
  /** Every leaf that is no body, in the order of the message, and what was taken out of some. */
  readonly attachments: readonly Attachment[];
  /** S/MIME or PGP, when the message is signed or encrypted. */
  readonly protection: Protection | null;
  /** Outlook's message class (`IPM.Note`) from a winmail.dat; empty when there is none. */
  readonly messageClass: string;
  /** What was repaired or left out. */
  readonly defects: readonly Defect[];
}

/** One field of the header as it stands. */
export interface RawHeader {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, encoded words as they stand; 8-bit bytes are read as UTF-8, or as windows-1252 where they are none. */
  readonly value: string;
}

/** A place that a message leads to. */
export interface Link {
  /** Absolute URL, `mailto:` as well. */
  readonly url: string;
  /** What the reader sees instead; empty when it is the address itself, or stands in plain text. */
  readonly text: string;
}

/** Bounds of parsing; beyond them a message is an error (`MESSAGE_*`), never a guess. */
export interface ParseLimits {
  readonly headerBytes: number;
  readonly parts: number;
  readonly depth: number;
}

/** 1 MiB of header (each block), 1,000 parts, 100 levels. */
export const defaultLimits: ParseLimits = { headerBytes: 1_048_576, parts: 1_000, depth: 100 };
