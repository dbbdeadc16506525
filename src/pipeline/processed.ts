import { gzipSync } from 'node:zlib';
import { type Document, sha256 } from '../message/fields.ts';
import { headerIdHash } from '../message/header-id.ts';
import type { Row } from '../sinks/sink.ts';
import { messageIdOf } from '../sources/message-id.ts';
import type { Listed, Memory } from '../sources/source.ts';
import { type PreparedSteps, runSteps } from '../steps/registry.ts';
import type { CompiledStep } from '../steps/step.ts';
import type { DeadLetter } from '../store/commit.ts';
import type { Minted } from '../store/occurrences.ts';

/** Raw bytes of a dead letter are kept up to this size before compression. */
const deadRawBytes = 4 * 2 ** 20;
const deadHeaderBytes = 64 * 2 ** 10;

/** Why a message cannot be processed; never holds content of the mail. */
export interface Death {
  readonly code: string;
  readonly detail: string;
  readonly step?: string;
}

/** A message that was read: a document by now, or dead already. */
export interface ReadMessage {
  readonly uid: number;
  readonly raw: Buffer;
  /** Raw holds the header only. */
  readonly headerOnly: boolean;
  readonly size: number;
  readonly rawSha256: string;
  readonly receivedAt: Date;
  readonly flags: readonly string[];
  /** As of `RawMessage`. */
  readonly memory?: Memory;
  readonly objectId?: string;
  readonly minted?: Minted;
  /** Of its Message-ID; undefined: its header cannot be read. */
  readonly headerIdHash?: string | undefined;
  /** The document, whose id is not known yet, before any step; or why there is none. */
  readonly parsed: { readonly document: Document } | { readonly draft: Draft } | { readonly death: Death };
  /** What steps found out about it that had to ask somebody. */
  readonly prepared?: PreparedSteps;
}

/** What is kept of the Message-ID of bytes that begin with a header. */
export function hashOfHeader(raw: Buffer): string | undefined {
  const messageId = raw.length === 0 ? undefined : messageIdOf(raw);
  return messageId === undefined ? undefined : headerIdHash(messageId);
}

/** A message over the source's size limit; its identity is that of its header and size. */
export function tooLargeMessage(listed: Listed, header: Buffer, limit: number): ReadMessage {
  return {
    uid: listed.uid,
    raw: header,
    headerOnly: true,
    size: listed.size,
    rawSha256: sha256(Buffer.concat([header, Buffer.from(`\0${listed.size}`)])),
    headerIdHash: hashOfHeader(header),
    receivedAt: listed.receivedAt,
    flags: [],
    ...(listed.objectId !== undefined && { objectId: listed.objectId }),
    parsed: {
      death: {
        code: 'MESSAGE_TOO_LARGE',
        detail: `${listed.size} bytes are more than limits.messageSize (${limit}); raise it and replay`,
      },
    },
  };
}

/** What came of a document: the row that sinks write. */
export interface Processed extends Row {
  readonly state: 'Processed';
}

/**
 * What a revision made of a message while it was being read, under the id that the message has unless it was seen before. Its document is not
 * kept: what waits in memory for its commit should be bytes.
 */
export interface Draft {
  readonly minted: Minted;
  readonly verdict: Verdict;
  /** The document once more, before any step. */
  again(): Document;
}

export type Verdict =
  | Processed
  | { readonly state: 'Dropped'; readonly step: string }
  | { readonly state: 'Dead'; readonly death: Death };

export interface Origin {
  readonly source: string;
  readonly account: string;
  readonly folder: string;
}

/** What a revision makes of documents. */
export interface Judging {
  readonly steps: readonly CompiledStep[];
  /** Of the rows. */
  readonly edition: number;
}

/** Runs the steps of a revision on one message; its document is told where it stands. */
export function judge(read: ReadMessage, id: string, origin: Origin, judging: Judging): Verdict {
  const { parsed } = read;
  if ('death' in parsed) return { state: 'Dead', death: parsed.death };
  if ('document' in parsed) return judgeDocument(parsed.document, id, origin, judging, read.prepared);
  const { draft } = parsed;
  return draft.minted.id === id ? draft.verdict : judgeDocument(draft.again(), id, origin, judging, read.prepared);
}

/** The same for a document that is at hand. */
export function judgeDocument(
  document: Document,
  id: string,
  origin: Origin,
  { steps, edition }: Judging,
  prepared?: PreparedSteps,
): Verdict {
  if ('id' in document) document.id = id;
  if ('account' in document) document.account = origin.account;
  if ('folder' in document) document.folder = origin.folder;
  const result = runSteps(steps, document, prepared);
  if (result.outcome === 'pass') return { state: 'Processed', documentId: id, edition, document: result.document };
  if (result.outcome === 'drop') return { state: 'Dropped', step: result.step };
  return { state: 'Dead', death: { code: result.code, detail: result.message, step: result.step } };
}

/** The dead letter of a message, with its raw bytes compressed and bounded. */
export function deadLetter(
  read: ReadMessage,
  messageId: string,
  death: Death,
  edition: number,
  sink?: string,
): DeadLetter {
  const keep = !read.headerOnly && read.raw.length <= deadRawBytes;
  return {
    messageId,
    edition,
    uid: read.uid,
    ...(death.step !== undefined && { step: death.step }),
    ...(sink !== undefined && { sink }),
    code: death.code,
    detail: death.detail,
    size: read.size,
    ...(keep ? { raw: gzipSync(read.raw) } : { header: read.raw.subarray(0, deadHeaderBytes) }),
  };
}
