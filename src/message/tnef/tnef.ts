import type { UnpackedFile } from '../attachment.ts';
import { decodeCharset } from '../charsets.ts';
import { Defects } from '../defects.ts';
import { decompressRtf } from './compressed-rtf.ts';
import { charsetOf, type Properties, readProperties, stringOf } from './properties.ts';
import { readRtf } from './rtf.ts';

/** What a winmail.dat holds. */
export interface Tnef {
  /** `IPM.Note`; empty when it says none. */
  readonly messageClass: string;
  readonly text: string;
  readonly html: string;
  readonly files: readonly UnpackedFile[];
  /** False when it breaks off or something in it cannot be read. */
  readonly complete: boolean;
}

const signature = 0x223e9f78;
/** Attribute levels (MS-OXTNEF §2.1.3.2). */
const messageLevel = 1;
/** Attributes by the low word of their identifier (MS-OXTNEF §2.1.3.3). */
const attributes = {
  oemCodepage: 0x9007, // attOemCodepage
  messageClass: 0x8008, // attMessageClass
  body: 0x800c, // attBody
  msgProps: 0x9003, // attMsgProps
  attachRendData: 0x9002, // attAttachRendData: an attachment begins
  attachTitle: 0x8010, // attAttachTitle
  attachData: 0x800f, // attAttachData
  attachment: 0x9005, // attAttachment: its properties
} as const;
/** Properties (MS-OXPROPS). */
const ids = {
  messageClass: 0x001a, // PidTagMessageClass
  body: 0x1000, // PidTagBody
  rtfCompressed: 0x1009, // PidTagRtfCompressed
  html: 0x1013, // PidTagBodyHtml, PidTagHtml
  displayName: 0x3001, // PidTagDisplayName
  attachData: 0x3701, // PidTagAttachDataBinary, PidTagAttachDataObject
  attachFilename: 0x3704, // PidTagAttachFilename
  attachMethod: 0x3705, // PidTagAttachMethod
  attachLongFilename: 0x3707, // PidTagAttachLongFilename
  attachMimeTag: 0x370e, // PidTagAttachMimeTag
  attachContentId: 0x3712, // PidTagAttachContentId
  attachFlags: 0x3714, // PidTagAttachFlags
  internetCodepage: 0x3fde, // PidTagInternetCodepage
} as const;
/** afEmbeddedMessage (MS-OXCMSG §2.2.2.9). */
const embeddedMessage = 5;
/** ATT_MHTML_REF: the HTML refers to it (MS-OXCMSG §2.2.2.18). */
const inHtml = 4;
/** Deepest nesting of messages within messages that is opened. */
const maxDepth = 5;
/** Most files that are taken out of one. */
const maxFiles = 1_000;
/** Bytes behind the last attribute that mean nothing. */
const slack = 8;

/** Message classes that attMessageClass writes in its own way (MS-OXTNEF §2.1.3.3.18). */
const classes: Readonly<Record<string, string>> = {
  'IPM.Microsoft Mail.Note': 'IPM.Note',
  'IPM.Microsoft Mail.Read Receipt': 'Report.IPM.Note.IPNRN',
  'IPM.Microsoft Mail.Non-Delivery': 'Report.IPM.Note.NDR',
  'IPM.Microsoft Schedule.MtgReq': 'IPM.Schedule.Meeting.Request',
  'IPM.Microsoft Schedule.MtgRespP': 'IPM.Schedule.Meeting.Resp.Pos',
  'IPM.Microsoft Schedule.MtgRespN': 'IPM.Schedule.Meeting.Resp.Neg',
  'IPM.Microsoft Schedule.MtgRespA': 'IPM.Schedule.Meeting.Resp.Tent',
  'IPM.Microsoft Schedule.MtgCncl': 'IPM.Schedule.Meeting.Canceled',
};

/** An attachment whose attributes are being read. */
interface OpenFile {
  title: string;
  data: Buffer | null;
  properties: Properties | null;
}

/** Whether a part is a winmail.dat, by its type or, where a server lost that, its name. */
export const isTnef = (type: string, filename: string): boolean =>
  type === 'application/ms-tnef' ||
  type === 'application/vnd.ms-tnef' ||
  (type === 'application/octet-stream' && /^winmail\.dat$/i.test(filename));

/**
 * Reads a winmail.dat (MS-OXTNEF): message class, bodies and files, those of messages within it too. Null when it is none.
 * Linear in its length and its depth, which is bounded.
 */
export function readTnef(bytes: Buffer, depth = 0): Tnef | null {
  if (bytes.length < 6 || bytes.readUInt32LE() !== signature) return null;
  return new TnefReader(depth).read(bytes);
}

class TnefReader {
  readonly #depth: number;
  readonly #files: UnpackedFile[] = [];
  #codepage = 'windows-1252';
  #messageClass = '';
  #text = '';
  #html = '';
  #complete = true;
  #open: OpenFile | null = null;

  constructor(depth: number) {
    this.#depth = depth;
  }

  read(bytes: Buffer): Tnef {
    let position = 6; // the signature and a key that means nothing
    while (position + 9 <= bytes.length) {
      const level = bytes[position] ?? 0;
      const id = bytes.readUInt16LE(position + 1);
      const start = position + 9;
      const end = start + bytes.readUInt32LE(position + 5);
      if (end > bytes.length) break;
      this.#attribute(level, id, bytes.subarray(start, end));
      position = end + 2; // a checksum
    }
    this.#finish();
    if (position + slack < bytes.length) this.#complete = false;
    return {
      messageClass: this.#messageClass,
      text: this.#text,
      html: this.#html,
      files: this.#files,
      complete: this.#complete,
    };
  }

  #attribute(level: number, id: number, data: Buffer): void {
    if (level === messageLevel) this.#message(id, data);
    else if (id === attributes.attachRendData) {
      this.#finish();
      this.#open = { title: '', data: null, properties: null };
    } else if (this.#open !== null) {
      if (id === attributes.attachTitle) this.#open.title = stringOf(data, this.#codepage);
      else if (id === attributes.attachData) this.#open.data = data;
      else if (id === attributes.attachment) this.#open.properties = this.#properties(data);
    }
  }

  #properties(data: Buffer): Properties {
    const { properties, complete } = readProperties(data, this.#codepage);
    if (!complete) this.#complete = false;
    return properties;
  }

  #message(id: number, data: Buffer): void {
    if (id === attributes.oemCodepage && data.length >= 4) this.#codepage = charsetOf(data.readUInt32LE());
    else if (id === attributes.messageClass) {
      const name = stringOf(data, 'us-ascii');
      this.#messageClass = classes[name] ?? name;
    } else if (id === attributes.body && this.#text === '') this.#text = stringOf(data, this.#codepage);
    else if (id === attributes.msgProps) this.#bodies(this.#properties(data));
  }

  #bodies(properties: Properties): void {
    this.#messageClass = properties.text(ids.messageClass) || this.#messageClass;
    this.#text = properties.text(ids.body) || this.#text;
    const html = properties.bytes(ids.html);
    const charset = charsetOf(properties.number(ids.internetCodepage));
    // PidTagBodyHtml is a string, PidTagHtml of the same number bytes.
    this.#html =
      properties.text(ids.html) || (html === null ? '' : decodeCharset(html, charset, 'html', new Defects()));
    const packed = this.#html === '' ? properties.bytes(ids.rtfCompressed) : null;
    const rtf = packed === null ? null : decompressRtf(packed);
    if (packed !== null && rtf === null) this.#complete = false;
    if (rtf === null) return;
    const body = readRtf(rtf);
    if (body.kind === 'html') this.#html = body.content;
    else if (this.#text === '') this.#text = body.content;
  }

  /** Ends the attachment that is open; properties are worth more than attributes (MS-OXTNEF §2.1.3). */
  #finish(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    if (this.#files.length >= maxFiles) {
      this.#complete = false;
      return;
    }
    const { properties } = open;
    const content = properties?.bytes(ids.attachData) ?? open.data ?? Buffer.alloc(0);
    const isMessage = properties?.number(ids.attachMethod) === embeddedMessage;
    const name = properties?.text(ids.attachLongFilename) || properties?.text(ids.attachFilename) || open.title;
    const contentId = properties?.text(ids.attachContentId) ?? '';
    this.#files.push({
      filename: name || (properties?.text(ids.displayName) ?? ''),
      contentType: isMessage
        ? 'application/ms-tnef'
        : properties?.text(ids.attachMimeTag).toLowerCase() || 'application/octet-stream',
      contentId,
      inline: contentId !== '' && ((properties?.number(ids.attachFlags) ?? 0) & inHtml) !== 0,
      content,
    });
    if (!isMessage) return;
    const nested = this.#depth < maxDepth ? readTnef(content, this.#depth + 1) : null;
    if (nested === null) this.#complete = false;
    else {
      const room = maxFiles - this.#files.length;
      this.#files.push(...nested.files.slice(0, room));
      if (!nested.complete || nested.files.length > room) this.#complete = false;
    }
  }
}
