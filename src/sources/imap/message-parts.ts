import type { MessagePart } from '../source.ts';
import type { ImapConnection } from './connection.ts';

/** Bytes of a header that is fetched alone. */
const headerBytes = 262_144;
/** What a part may be longer than asked for: room for the mistake to be seen, not for the message. */
const slack = 4_096;

/** A date that cannot be read is the same unreadable date each time: identities depend on it. */
export const received = (date: Date | undefined): Date =>
  date !== undefined && !Number.isNaN(date.getTime()) ? date : new Date(0);

/** The header of a message of the selected folder, as far as it is kept; undefined when it is gone. */
export async function readHeader(
  connection: ImapConnection,
  uid: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const query = { uid: true, bodyParts: [{ key: 'HEADER', start: 0, maxLength: headerBytes }] };
  let header: Buffer | undefined;
  const rows = connection.rows(signal, () => connection.client.fetch(`${uid}`, query, { uid: true }));
  for await (const some of rows) for (const row of some) if (row.uid === uid && row.header) header = row.header;
  return header;
}

/**
 * A part of a message of the selected folder (RFC 9051 §6.4.5.1), with what identifies the whole in the same answer; undefined when it is gone.
 * Where a server sends all of it whatever is asked for, that is kept of the first part and only counted of later ones.
 */
export async function readPart(
  connection: ImapConnection,
  { uid, offset, count }: { readonly uid: number; readonly offset: number; readonly count: number },
  signal: AbortSignal,
): Promise<MessagePart | undefined> {
  const query = { uid: true, flags: true, size: true, internalDate: true, source: { start: offset, maxLength: count } };
  const limits = { messages: true, ...(offset > 0 && { most: count + slack }) };
  const rows = connection.rows(signal, () => connection.client.fetch(`${uid}`, query, { uid: true }), limits);
  let part: MessagePart | undefined;
  for await (const some of rows) {
    for (const row of some) {
      if (row.uid !== uid || row.body === undefined || part) continue;
      const { body: bytes, size = 0, flags = [], objectId, oversize } = row;
      part = {
        bytes,
        size,
        receivedAt: received(row.receivedAt),
        flags: flags.filter((flag) => flag !== '\\Recent'),
        ...(row.origin !== undefined && { offset: row.origin }),
        ...(objectId !== undefined && { objectId }),
        ...(oversize !== undefined && { oversize }),
      };
    }
  }
  return part;
}
