/** Which folders a source reads. */
export interface FolderSelection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

type Token = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'level' } | { readonly kind: 'any' };

/** INBOX is the one name without case (RFC 9051 §5.1), also as the parent of others. */
const canonical = (name: string): string => name.replace(/^inbox(?=\/|$)/i, 'INBOX');

function tokens(pattern: string): Token[] {
  const parts = canonical(pattern).match(/\*+|[^*]+/g) ?? [];
  return parts.map((part) => {
    if (!part.startsWith('*')) return { kind: 'text', text: part };
    return { kind: part.length === 1 ? 'level' : 'any' };
  });
}

/**
 * Whether a folder's name (`/` between levels) matches a pattern as a whole: `*` stands for any characters but `/`,
 * `**` for any characters, everything else for itself. Time grows with the product of both lengths, never worse.
 */
export function matchesFolder(pattern: string, folder: string): boolean {
  const name = canonical(folder);
  // Offsets in `name` that the tokens so far can end at.
  let ends = new Set([0]);
  for (const token of tokens(pattern)) {
    const next = new Set<number>();
    for (const at of ends) {
      if (token.kind === 'text') {
        if (name.startsWith(token.text, at)) next.add(at + token.text.length);
        continue;
      }
      for (let end = at; end <= name.length && !next.has(end); end++) {
        next.add(end);
        if (token.kind === 'level' && name[end] === '/') break;
      }
    }
    if (next.size === 0) return false;
    ends = next;
  }
  return ends.has(name.length);
}

/** Special uses of a folder (`\\Sent`), in lower case. */
export type Uses = ReadonlySet<string>;
const none: Uses = new Set();

/** Whether a pattern means the folder: by its name, or by a special use. */
export const means = (pattern: string, folder: string, uses: Uses = none): boolean =>
  pattern.startsWith('\\') ? uses.has(pattern.toLowerCase()) : matchesFolder(pattern, folder);

/** Whether a pattern can mean folders that nobody has named. */
export const isOpen = (pattern: string): boolean => pattern.startsWith('\\') || pattern.includes('*');

/** Whether `include` has the folder and `exclude` does not. */
export const isSelected = (folder: string, selection: FolderSelection, uses: Uses = none): boolean =>
  selection.include.some((pattern) => means(pattern, folder, uses)) &&
  !selection.exclude.some((pattern) => means(pattern, folder, uses));

/** Order of folder names: by code unit, the same on every machine. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
