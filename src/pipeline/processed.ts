import { gzipSync } from 'node:zlib';
import { type Document, type Field, sha256, toDocument } from '../message/fields.ts';
import type { Message } from '../message/normal-message.ts';
import { parseMessage } from '../message/parse.ts';
import type { Listed, RawMessage } from '../sources/source.ts';
import { type PreparedSteps, runSteps } from '../steps/registry.ts';
import type { CompiledStep } from '../steps/step.ts';
import type { DeadLetter } from '../store/record.ts';
import { asMailmillError } from '../telemetry/errors.ts';

/** Raw bytes of a dead letter are kept up to this size before compression. */
const deadRawBytes = 4 * 2 ** 20;
const deadHeaderBytes = 64 * 2 ** 10;

/** Why a message cannot be processed; never holds content of the mail. */
export interface Death {
  readonly code: string;
  readonly detail: string;
  readonly step?: string;
}

/** A message that was read: parsed, or dead already. */
export interface ReadMessage {
  readonly uid: number;
  readonly raw: Buffer;
  /** Raw holds the header only. */
  readonly headerOnly: boolean;
  readonly size: number;
  readonly rawSha256: string;
  readonly receivedAt: Date;
  readonly flags: readonly string[];
  readonly objectId?: string;
  readonly parsed: { readonly message: Message } | { readonly death: Death };
  /** What steps found out about it that had to ask somebody. */
  readonly prepared?: PreparedSteps;
}

/** Parses one message as it arrives; what cannot be parsed is dead, with its reason. */
export async function readMessage(fetched: RawMessage, listed: Listed): Promise<ReadMessage> {
  const common = {
    uid: fetched.uid,
    raw: fetched.raw,
    headerOnly: false,
    size: fetched.raw.length,
    rawSha256: sha256(fetched.raw),
    receivedAt: listed.receivedAt,
    flags: fetched.flags,
    ...(listed.objectId !== undefined && { objectId: listed.objectId }),
  };
  try {
    const parsed = parseMessage(fetched.raw);
    return { ...common, parsed: { message: parsed instanceof Promise ? await parsed : parsed } };
  } catch (error) {
    const { code, message } = asMailmillError(error);
    return {
      ...common,
      parsed: {
        death: code.startsWith('MESSAGE_')
          ? { code, detail: message }
          : {
              code: 'MESSAGE_UNPARSABLE',
              detail: `the parser failed (${error instanceof Error ? error.name : 'unknown'}); please report this message`,
            },
      },
    };
  }
}

/** A message over the source's size limit; its identity is that of its header and size. */
export function tooLargeMessage(listed: Listed, header: Buffer, limit: number): ReadMessage {
  return {
    uid: listed.uid,
    raw: header,
    headerOnly: true,
    size: listed.size,
    rawSha256: sha256(Buffer.concat([header, Buffer.from(`\0${listed.size}`)])),
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

export type Verdict =
  | { readonly state: 'Processed'; readonly document: Document }
  | { readonly state: 'Dropped'; readonly step: string }
  | { readonly state: 'Dead'; readonly death: Death };

export interface Origin {
  readonly source: string;
  readonly account: string;
  readonly folder: string;
}

/** What a revision makes of a message: the fields that it needs, and its steps. */
export interface Judging {
  readonly fields: readonly Field[];
  readonly steps: readonly CompiledStep[];
}

/** Runs the steps of a revision on one message. */
export function judge(read: ReadMessage, id: string, origin: Origin, { fields, steps }: Judging): Verdict {
  if ('death' in read.parsed) return { state: 'Dead', death: read.parsed.death };
  const document = toDocument(read.parsed.message, { ...origin, ...read, id }, fields);
  const result = runSteps(steps, document, read.prepared);
  if (result.outcome === 'pass') return { state: 'Processed', document: result.document };
  if (result.outcome === 'drop') return { state: 'Dropped', step: result.step };
  return { state: 'Dead', death: { code: result.code, detail: result.message, step: result.step } };
}

/** The dead letter of a message, with its raw bytes compressed and bounded. */
export function deadLetter(read: ReadMessage, messageId: string, death: Death, sink?: string): DeadLetter {
  const keep = !read.headerOnly && read.raw.length <= deadRawBytes;
  return {
    messageId,
    edition: 1,
    uid: read.uid,
    ...(death.step !== undefined && { step: death.step }),
    ...(sink !== undefined && { sink }),
    code: death.code,
    detail: death.detail,
    size: read.size,
    ...(keep ? { raw: gzipSync(read.raw) } : { header: read.raw.subarray(0, deadHeaderBytes) }),
  };
}
