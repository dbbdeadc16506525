import type { Conversation } from './scripted-server.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => String(n).padStart(2, '0');
/** As in INTERNALDATE. */
export const internalDate = (at: Date): string =>
  `${two(at.getUTCDate())}-${months[at.getUTCMonth()]}-${at.getUTCFullYear()} ${at.toISOString().slice(11, 19)} +0000`;

/** The MODSEQ that a client asks for changes after; 0: for all. */
export const since = ({ line }: Conversation): number => Number(/CHANGEDSINCE (\d+)/.exec(line)?.[1] ?? 0);

/** A mailbox name as a client sends it: an atom or a quoted string. */
export const argument = (text: string): string => {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text);
  return quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : (text.split(' ')[0] ?? '');
};
