import { stalled } from '../../telemetry/errors.ts';
import { type FolderSelection, means, type Uses } from '../folder-patterns.ts';

/** A folder as the server lists it. */
export interface ListedFolder {
  readonly name: string;
  /** Special uses, in lower case. */
  readonly uses: Uses;
}

/** Which folders are opened, and which of their messages are read. */
export interface FolderView {
  readonly folders: readonly string[];
  /** Whether a message of that folder is read, by its labels; absent: all are. */
  readonly reads?: (folder: string, labels: readonly string[]) => boolean;
}

/** What X-GM-LABELS calls the folders of Gmail itself. */
const systemLabels: Readonly<Record<string, string>> = {
  '\\inbox': '\\inbox',
  '\\sent': '\\sent',
  '\\draft': '\\drafts',
  '\\drafts': '\\drafts',
  '\\starred': '\\flagged',
  '\\flagged': '\\flagged',
  '\\important': '\\important',
};

const allMailHidden = () =>
  stalled(
    'IMAP_ALL_MAIL_HIDDEN',
    'Gmail does not show All Mail to IMAP, which preset gmail reads; in Gmail, open Settings, Labels, and tick "Show in IMAP" for All Mail',
  );

/**
 * The folders of a Gmail account that are opened: All Mail, which has each message once, and Spam and Trash where included. Patterns are
 * conditions on labels: a message is read when a label of it is included, and none is excluded. Throws Stalled `IMAP_ALL_MAIL_HIDDEN`.
 */
export function gmailView(listed: readonly ListedFolder[], selection: FolderSelection): FolderView {
  const { include, exclude } = selection;
  const included = ({ name, uses }: ListedFolder) => include.some((pattern) => means(pattern, name, uses));
  const excluded = ({ name, uses }: ListedFolder) => exclude.some((pattern) => means(pattern, name, uses));
  const withUse = (use: string) => listed.find(({ uses }) => uses.has(use));
  const apart = [withUse('\\junk'), withUse('\\trash')].filter((folder) => folder !== undefined);
  const all = withUse('\\all');
  const folders = apart.filter((folder) => included(folder) && !excluded(folder)).map(({ name }) => name);
  // A pattern that none of the folders fits may be that of a label which is not shown to IMAP.
  const others = include.some(
    (pattern) => !apart.some(({ name, uses }) => means(pattern, name, uses)) || means(pattern, 'INBOX'),
  );
  if (!others) return { folders };
  if (!all) throw allMailHidden();
  const everything = included(all) && !excluded(all);
  const reads = (folder: string, labels: readonly string[]) => {
    if (folder !== all.name) return true;
    const of = labels.map((label) => labelled(label, listed));
    return (everything || of.some(included)) && !of.some(excluded);
  };
  return { folders: [all.name, ...folders].sort(), ...(everything && exclude.length === 0 ? {} : { reads }) };
}

/** The folder that a label stands for. */
function labelled(label: string, listed: readonly ListedFolder[]): ListedFolder {
  const use = systemLabels[label.toLowerCase()];
  if (use === '\\inbox') return { name: 'INBOX', uses: new Set() };
  if (use === undefined) return listed.find(({ name }) => name === label) ?? { name: label, uses: new Set() };
  return listed.find(({ uses }) => uses.has(use)) ?? { name: label, uses: new Set([use]) };
}
