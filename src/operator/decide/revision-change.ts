import { findDifference } from '../../kubernetes/difference.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';

/**
 * The first field in which a revision differs from the one that ran, as a person wrote it: `steps[0].filter`, `MailboxSource support: imap.host`.
 * Its name alone: expressions may hold addresses. `undefined`: they are the same.
 */
export function revisionChange(before: Revision, after: Revision): string | undefined {
  const [one, other] = [contentOf(before), contentOf(after)];
  const path = (findDifference(other, one) ?? findDifference(one, other))?.path;
  const [, index, field] = /^sources\[(\d+)\]\.?(.*)$/.exec(path ?? '') ?? [];
  if (index === undefined) return path;
  const name = after.sources[Number(index)]?.name ?? before.sources[Number(index)]?.name;
  return field === '' ? `MailboxSource ${name}` : `MailboxSource ${name}: ${field}`;
}

/** Without what follows from the rest. */
const contentOf = ({ hash: _, ...content }: Revision) => content;
