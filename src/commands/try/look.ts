import type { Address, Attachment } from '../../message/message.ts';
import { readWhole } from '../../message/read-whole.ts';
import type { SourceSession } from '../../sources/source.ts';
import { asMailmillError } from '../../telemetry/errors.ts';

/** Larger messages are shown by their headers alone. */
const largest = 8 * 2 ** 20;

const address = (from: Address | null): string | null =>
  from && (from.name === '' ? from.address : `${from.name} <${from.address}>`);

const attachment = ({ filename, contentType, size }: Attachment): string =>
  `${filename === '' ? '(no name)' : filename} (${contentType}, ${size} bytes)`;

/** A message as a few lines tell it. */
async function summary(raw: Buffer, size: number): Promise<object> {
  try {
    const message = await readWhole(raw);
    return {
      from: address(message.from),
      subject: message.subject,
      date: message.date?.toISOString() ?? null,
      size,
      ...(raw.length < size && size > largest
        ? { note: 'large: only its header was read' }
        : { attachments: message.attachments.map(attachment) }),
      ...(message.defects.length > 0 && { defects: message.defects.map((defect) => defect.code) }),
    };
  } catch (error) {
    return { size, dead: asMailmillError(error).code };
  }
}

/** The newest documents of the folder that is open, the last first. */
export async function newest(
  session: SourceSession,
  state: { readonly uidNext: number; readonly exists: number },
  count: number,
  signal: AbortSignal,
): Promise<object[]> {
  // Folders can be large: look near the end first.
  const near = Math.max(1, state.uidNext - 1_000);
  let uids = await session.search(near, undefined, signal);
  if (uids.length < count && near > 1) uids = await session.search(1, undefined, signal);
  const listed = await session.list(uids.slice(-count), signal);
  const bytes = new Map<number, Buffer>();
  const small = listed.filter((message) => message.size <= largest).map((message) => message.uid);
  for await (const message of session.fetch(small, signal)) bytes.set(message.uid, message.raw);
  for (const { uid, size } of listed) {
    const header = size > largest ? await session.fetchHeader(uid, signal) : undefined;
    if (header) bytes.set(uid, header);
  }
  const documents: object[] = [];
  for (const { uid, size } of listed.toReversed()) {
    const raw = bytes.get(uid);
    if (raw) documents.push(await summary(raw, size));
  }
  return documents;
}

/** Names and message counts of all folders; a count that the server refuses is null. */
export async function folderCounts(
  session: SourceSession,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly messages: number | null }[]> {
  const counts: { readonly name: string; readonly messages: number | null }[] = [];
  for (const { name } of await session.folders(signal)) {
    try {
      counts.push({ name, messages: (await session.status(name, signal)).exists });
    } catch (error) {
      const { code } = asMailmillError(error);
      if (!['FOLDER_GONE', 'IMAP_FOLDER_DENIED', 'IMAP_COMMAND_FAILED'].includes(code)) throw error;
      counts.push({ name, messages: null });
    }
  }
  return counts;
}
