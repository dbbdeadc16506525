/**
 * What is wrong with a resource. `admission` issues are those for which the API server refuses it too; `semantics` are found
 * when it is compiled or compared with other files; a `note` is not an error.
 */
export type IssueLevel = 'admission' | 'semantics' | 'note';

/** An issue within one object. `path` is like `spec.steps[0].set.customer`; empty: the object as a whole. */
export interface ObjectIssue {
  readonly path: string;
  readonly level: IssueLevel;
  /** What is wrong, in lower case, without the path. */
  readonly message: string;
  /** What to write instead, as the end of a sentence (`did you mean "host"?`). */
  readonly suggestion?: string;
}

/** A place in a file; both start at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** An issue with its place. */
export interface Issue extends ObjectIssue, Position {
  readonly file: string;
}

/** Whether there is something that keeps the resources from working. */
export const hasErrors = (issues: readonly ObjectIssue[]): boolean => issues.some((issue) => issue.level !== 'note');

/** Path of a property or of the key of a map. */
export const property = (path: string, key: string): string => {
  if (!/^[A-Za-z_][-A-Za-z0-9_]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
};

/** Path of a list item. */
export const item = (path: string, index: number): string => `${path}[${index}]`;

/** Path of what holds the last part of `path`; `undefined` at the top. */
export function parent(path: string): string | undefined {
  if (path === '') return undefined;
  const bracket = /^(.*)\[(?:\d+|"(?:[^"\\]|\\.)*")\]$/.exec(path);
  return bracket ? (bracket[1] ?? '') : path.slice(0, Math.max(0, path.lastIndexOf('.')));
}
