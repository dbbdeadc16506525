const korean = new TextDecoder('euc-kr');

const REPLACEMENT = '\uFFFD';
/** What a syllable has in a place that is left empty. */
const EMPTY = -1;

/** Numbers of letters by their codes of five bits (KS X 1001 annex 3), in the order of Unicode; codes in no range are invalid. */
const letters = (empty: number, ...ranges: readonly (readonly [code: number, first: number, count: number])[]) => {
  const table: (number | undefined)[] = [];
  table[empty] = EMPTY;
  for (const [code, first, count] of ranges) for (let i = 0; i < count; i++) table[code + i] = first + i;
  return table;
};

const initials = letters(1, [2, 0, 19]);
const vowels = letters(2, [3, 0, 5], [10, 5, 6], [18, 11, 6], [26, 17, 4]);
/** The first final consonant has number 1: 0 is a syllable without one. */
const finals = letters(1, [2, 1, 16], [19, 17, 11]);

/** Letters by themselves (Hangul Compatibility Jamo) in the order of initial and of final consonants. */
const initialLetters = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const finalLetters = 'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ';
const firstVowel = 0x314f;
const firstSyllable = 0xac00;

/** The syllable or letter of a pair whose bits name its letters, or U+FFFD. */
function hangul(pair: number): string {
  const initial = initials[(pair >> 10) & 31];
  const vowel = vowels[(pair >> 5) & 31];
  const final = finals[pair & 31];
  if (initial === undefined || vowel === undefined || final === undefined) return REPLACEMENT;
  if (initial !== EMPTY && vowel !== EMPTY)
    return String.fromCharCode(firstSyllable + (initial * 21 + vowel) * 28 + Math.max(final, 0));
  if (final === EMPTY && initial !== EMPTY) return initialLetters[initial] ?? REPLACEMENT;
  if (final === EMPTY && vowel !== EMPTY) return String.fromCharCode(firstVowel + vowel);
  return initial === EMPTY && vowel === EMPTY && final !== EMPTY
    ? (finalLetters[final - 1] ?? REPLACEMENT)
    : REPLACEMENT;
}

/** The symbol or Hanja of a pair: two rows of KS X 1001 stand behind each first byte. */
function other(first: number, second: number): string {
  const column = second < 0x7f ? second - 0x31 : second - 0x43;
  const row = (first < 0xe0 ? 2 * (first - 0xd9) + 1 : 2 * (first - 0xe0) + 42) + (column < 94 ? 0 : 1);
  return korean.decode(Buffer.from([0xa0 + row, 0xa1 + (column % 94)]));
}

const isSecondOfOther = (byte: number): boolean => (byte >= 0x31 && byte <= 0x7e) || (byte >= 0x91 && byte <= 0xfe);

/** Johab (KS X 1001 annex 3): pairs that spell a syllable, and KS X 1001's symbols and Hanja. Invalid pairs become U+FFFD. */
export function decodeJohab(bytes: Buffer): string {
  let text = '';
  let run = 0;
  for (let i = 0; i < bytes.length; i++) {
    const first = bytes[i] ?? 0;
    if (first < 0x80) continue;
    text += bytes.toString('latin1', run, i);
    const second = bytes[i + 1] ?? 0;
    const isPair = second >= 0x31;
    if (first >= 0x84 && first <= 0xd3 && isPair) text += hangul((first << 8) | second);
    else if (first >= 0xd9 && first <= 0xf9 && first !== 0xdf && isSecondOfOther(second)) text += other(first, second);
    else text += REPLACEMENT;
    // What cannot be a second byte stands for itself.
    if (isPair) i++;
    run = i + 1;
  }
  return text + bytes.toString('latin1', run);
}
