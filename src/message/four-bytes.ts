/** 0x80 in each of the four bytes of `word` that is `byte`, exact up to the first; above it may be more. */
export function marksOf(word: number, byte: number): number {
  const rest = word ^ Math.imul(byte, 0x01010101);
  return (rest - 0x01010101) & ~rest & 0x80808080;
}

/** Which of four bytes, the lowest being 0, is the first that has a mark. */
export const firstMarked = (marks: number): number => (31 - Math.clz32(marks & -marks)) >> 3;
