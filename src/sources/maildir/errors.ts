import path from 'node:path';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Whether a file or directory was not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** A file of the same name that is not a regular one: a symbolic link opened without following, or a directory. */
export const isNotRegular = (error: unknown): boolean => codeOf(error) === 'ELOOP' || codeOf(error) === 'EISDIR';

export const folderGone = (cause?: unknown): MailmillError =>
  transient('FOLDER_GONE', 'the folder does not exist any more; folders are listed again', { cause });

/** Names the last part of the path only: the rest may tell whose mail it is. */
export const maildirMissing = (dir: string, cause?: unknown): MailmillError =>
  stalled(
    'MAILDIR_MISSING',
    `no Maildir (a directory with cur and new in it) at …/${path.basename(dir)}; check maildir.path or the volume`,
    { cause },
  );

/** What an error of the file system means for us. */
export function maildirError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return stalled('MAILDIR_DENIED', 'the Maildir may not be read; give this process the right to read it', {
      cause: error,
    });
  }
  const reason = typeof code === 'string' ? ` (${code})` : '';
  return transient('MAILDIR_UNREADABLE', `the Maildir cannot be read now${reason}; it is tried again`, {
    cause: error,
  });
}
