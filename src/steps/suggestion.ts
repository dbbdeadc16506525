import { closest } from '../api/suggest.ts';

/** The `suggestion` of an issue about an unknown word: the known one it resembles, as a property to spread; else nothing. */
export function didYouMean(word: string, known: Iterable<string>): { readonly suggestion?: string } {
  const meant = closest(word, known);
  return meant === undefined ? {} : { suggestion: `did you mean ${JSON.stringify(meant)}?` };
}
