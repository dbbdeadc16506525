const big5 = new TextDecoder('big5');

const REPLACEMENT = '\uFFFD';
const rowLength = 94;
/** Characters behind one first byte of Big5. */
const big5Row = 157;

/**
 * Where the characters of the first two planes stand in Big5, which has them in nearly the same order: runs of the position in
 * the plane, the position in Big5 (both counted from 0, row by row) and how many follow.
 */
const runs: readonly string[] = [
  '0 0 5, 6 6 15, 21 23 2, 24 22 1, 29 29 44, 73 74 1, 74 73 1, 75 75 21, 98 98 1, 100 100 27, 127 128 1, 128 127 1, ' +
    '130 130 14, 146 146 2, 148 149 1, 149 148 1, 150 150 4, 155 21 1, 156 156 78, 282 234 29, 312 264 1, ' +
    '314 266 142, 3290 471 17, 3307 263 1, 3308 489 86, 3394 265 1, 3395 576 1307, 4702 1884 424, 5126 1883 1, ' +
    '5127 2308 1876, 7003 4571 1, 7004 4184 387, 7391 4572 525, 7916 5286 1, 7917 5097 105, 8023 5203 83, ' +
    '8106 5287 84, 8190 5517 1, 8191 5371 54, 8245 5426 1, 8246 5425 1, 8247 5427 90, 8337 5518 354',
  '0 6280 10, 10 6291 33, 43 6372 1, 44 6324 48, 92 6373 46, 138 6586 1, 139 6419 167, 306 6587 1840, 2146 9074 1, ' +
    '2147 8428 108, 2255 8537 537, 2792 8427 1, 2793 9075 100, 2893 8536 1, 2894 9175 399, 3293 9575 1637, ' +
    '4930 11761 1, 4931 11212 146, 5077 11899 1, 5078 11358 287, 5365 12508 1, 5366 11645 116, 5482 11762 137, ' +
    '5619 11900 104, 5723 12425 1, 5724 12004 222, 5946 12227 198, 6144 12426 82, 6226 12509 86, 6312 12226 1, ' +
    '6313 12595 8, 6321 12604 153, 6474 12758 56, 6530 13114 1, 6531 12814 113, 6644 12603 1, 6645 12927 142, ' +
    '6787 12757 1, 6788 13069 45, 6833 13115 71, 6904 13380 1, 6905 13186 194, 7099 13381 490, 7589 13914 1, ' +
    '7590 13871 43, 7633 13915 1, 7634 13917 11, 7645 13916 1, 7646 13928 4',
];

/** Symbols of the first plane that Big5 has not: the position, the first code point and how many follow. */
const symbols: readonly (readonly [position: number, codePoint: number, count: number])[] = [
  [5, 0x30fb, 1],
  [23, 0xfe32, 1],
  [96, 0x203e, 1],
  [129, 0x223c, 1],
  [144, 0x2641, 1],
  [145, 0x2609, 1],
  [154, 0x2016, 1],
  [470, 0x2460, 10],
  [480, 0x2474, 10],
  [490, 0x2170, 10],
  [571, 0x4ea0, 1],
  [578, 0x51ab, 1],
  [583, 0x52f9, 1],
  [3102, 0x2400, 32],
  [3134, 0x2421, 1],
  [8022, 0x5f5e, 1],
];

function big5Character(position: number): string {
  const column = position % big5Row;
  return big5.decode(Buffer.from([0xa1 + Math.floor(position / big5Row), column + (column < 63 ? 0x40 : 0xa1 - 63)]));
}

function readPlane(number: number): readonly (string | undefined)[] {
  const plane: string[] = [];
  for (const run of (runs[number - 1] ?? '').split(', ')) {
    const [position = 0, from = 0, count = 0] = run.split(' ').map(Number);
    for (let i = 0; i < count; i++) plane[position + i] = big5Character(from + i);
  }
  if (number === 1)
    for (const [position, codePoint, count] of symbols)
      for (let i = 0; i < count; i++) plane[position + i] = String.fromCodePoint(codePoint + i);
  return plane;
}

const planes = new Map<number, readonly (string | undefined)[]>();

/**
 * A character of CNS 11643 by its plane, row and column, all counted from 1. The planes from the third on, whose characters
 * Big5 has not, are U+FFFD.
 */
export function cnsCharacter(plane: number, row: number, column: number): string {
  if (plane < 1 || plane > runs.length || row < 1 || column < 1 || column > rowLength) return REPLACEMENT;
  let characters = planes.get(plane);
  if (characters === undefined) {
    characters = readPlane(plane);
    planes.set(plane, characters);
  }
  return characters[(row - 1) * rowLength + column - 1] ?? REPLACEMENT;
}

const SINGLE_SHIFT = 0x8e;
const isHigh = (byte: number | undefined): boolean => byte !== undefined && byte > 0xa0 && byte < 0xff;

/** EUC-TW: CNS 11643, its first plane in two bytes, every other behind a single shift and its number. */
export function decodeEucTw(bytes: Buffer): string {
  let text = '';
  let run = 0;
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i] ?? 0;
    if (first < 0x80) {
      i++;
      continue;
    }
    text += bytes.toString('latin1', run, i);
    const shift = first === SINGLE_SHIFT && isHigh(bytes[i + 1]) ? 2 : 0;
    const plane = shift === 0 ? 1 : (bytes[i + 1] ?? 0) - 0xa0;
    const row = bytes[i + shift];
    const column = bytes[i + shift + 1];
    const isPair = isHigh(row) && isHigh(column);
    text += isPair ? cnsCharacter(plane, (row ?? 0) - 0xa0, (column ?? 0) - 0xa0) : REPLACEMENT;
    i += isPair ? shift + 2 : 1;
    run = i;
  }
  return text + bytes.toString('latin1', run);
}
