import type { MailboxSource } from '../../kubernetes/objects.ts';
import { no, unknown, type Verdict, yes } from '../conditions.ts';
import { compactList } from '../text.ts';

/** Whether several pipelines read one IMAP source that keeps no archive. `readers` are their names. */
export function sharedVerdict(source: MailboxSource | undefined, readers: readonly string[]): Verdict {
  if (source === undefined) return unknown('SourceMissing', 'its source is not there');
  if (source.spec.imap === undefined) return no('NotImap', 'reading a Maildir more than once costs nobody anything');
  if (source.spec.archive !== undefined) return no('Archived', 'pipelines read the archive');
  if (readers.length < 2) return no('NotShared', 'one pipeline at most reads the source');
  const names = compactList(readers, 10, ', ');
  const message = `the pipelines ${names} each read MailboxSource ${source.metadata.name}, out of one budget of connections`;
  return yes('Shared', message);
}
