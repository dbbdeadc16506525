import path from 'node:path';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Whether a file or directory was not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** Something of the same name that is no regular file. */
export const isNotRegular = (error: unknown): boolean => codeOf(error) === 'ELOOP' || codeOf(error) === 'EISDIR';

export const fileGone = (cause?: unknown): MailmillError =>
  transient('FOLDER_GONE', 'the mbox file does not exist any more; files are listed again', { cause });

/** Names the last part of the path only: the rest may tell whose mail it is. */
export const mboxMissing = (root: string, cause?: unknown): MailmillError =>
  stalled(
    'MBOX_MISSING',
    `there is no mbox file or directory of such files at …/${path.basename(root)}; check mbox.path or the volume`,
    { cause },
  );

export const notMbox = (root: string): MailmillError =>
  stalled(
    'MBOX_NOT_MBOX',
    `…/${path.basename(root)} does not begin with a From_ line, so it is no mbox file; check mbox.path`,
  );

export const noFiles = (): MailmillError =>
  stalled(
    'MBOX_NO_FILES',
    'no file that begins with a From_ line matches mbox.files; correct the patterns, or let the first mail arrive',
  );

export const fileLocked = (): MailmillError =>
  transient('MBOX_LOCKED', 'another program has an mbox file locked for some time; it is read when it is free again');

/** What an error of the file system means for us. */
export function mboxError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM')
    return stalled('MBOX_DENIED', 'an mbox file may not be read; give this process the right to read it', {
      cause: error,
    });
  const reason = typeof code === 'string' ? ` (${code})` : '';
  return transient('MBOX_UNREADABLE', `an mbox file cannot be read now${reason}; it is tried again`, { cause: error });
}
