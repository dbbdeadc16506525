import { describe, expect, test } from 'vitest';
import { decodeFlowed } from '../../src/message/format-flowed.ts';

describe('format=flowed', () => {
  test.each([
    ['a soft break joins lines', 'one \ntwo\nthree', 'one two\nthree'],
    ['a stuffed blank is dropped', ' From me\n  two\n >no quote', 'From me\n two\n>no quote'],
    [
      'quoted paragraphs are joined, marks and their blank stand once',
      '> one \n> two\n>> three',
      '> one two\n>> three',
    ],
    ['marks without a blank', '>one \n>two', '> one two'],
    // RFC 3676 §4.5: a change of depth ends a paragraph, whatever its line ends in.
    ['a change of depth ends a paragraph', '> one \ntwo', '> one \ntwo'],
    ['the signature line flows into nothing', 'text\n-- \nme', 'text\n-- \nme'],
    ['nothing flows into the signature line', 'text \n-- \nme', 'text \n-- \nme'],
    ['a quoted signature line', '> text\n> -- \n> me', '> text\n> -- \n> me'],
    ['empty lines stay', 'one\n\n two\n\n', 'one\n\ntwo\n\n'],
    ['empty quoted lines stay', '> one\n>\n> two', '> one\n>\n> two'],
    ['a soft break at the end', 'one ', 'one '],
    ['nothing', '', ''],
  ])('%s', (_, text, expected) => {
    expect(decodeFlowed(text, false)).toBe(expected);
  });

  // RFC 3676 §4.1: for scripts without blanks between words.
  test('DelSp takes the blank before a soft break away', () => {
    expect(decodeFlowed('日本 \n語\n> a \n> b\n-- \nme', true)).toBe('日本語\n> ab\n-- \nme');
  });
});
