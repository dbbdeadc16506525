import { sha256 } from '../../message/fields.ts';
import type { Listed, SourceSession } from '../../sources/source.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import { hashOfHeader, type ReadMessage } from '../processed.ts';

/** A message that the server lists and will not give: dead, with its header where that can be had. */
export function unreadableMessage(listed: Listed, header: Buffer | undefined): ReadMessage {
  const raw = header ?? Buffer.alloc(0);
  return {
    uid: listed.uid,
    raw,
    headerOnly: true,
    size: listed.size,
    rawSha256: sha256(Buffer.concat([raw, Buffer.from(`\0unreadable ${listed.size}`)])),
    headerIdHash: hashOfHeader(raw),
    receivedAt: listed.receivedAt,
    flags: [],
    ...(listed.objectId !== undefined && { objectId: listed.objectId }),
    parsed: {
      death: {
        code: 'IMAP_MESSAGE_UNREADABLE',
        detail: `the server lists this message (${listed.size} bytes) and did not deliver it however often it was asked; look at it with another mail client`,
      },
    },
  };
}

/** The header alone, which may be in better shape; undefined where the server refuses it too. Throws when the connection is gone. */
export async function salvagedHeader(
  session: SourceSession,
  uid: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return await session.fetchHeader(uid, signal);
  } catch (error) {
    if (asMailmillError(error).code === 'IMAP_COMMAND_FAILED') return undefined;
    throw error;
  }
}
