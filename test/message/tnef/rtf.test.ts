import { describe, expect, test } from 'vitest';
import { decompressRtf } from '../../../src/message/tnef/compressed-rtf.ts';
import { readRtf } from '../../../src/message/tnef/rtf.ts';
import { readTnef } from '../../../src/message/tnef/tnef.ts';
import { attribute, binary, properties, tnef } from './build.ts';

// MS-OXRTFCP §3.1.1 and §3.1.2
const helloWorld = '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0';
const crossing = '1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0';

describe('compressed RTF', () => {
  test('the examples of the specification', () => {
    expect(decompressRtf(Buffer.from(helloWorld, 'hex'))?.toString()).toBe(
      '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
    );
    expect(decompressRtf(Buffer.from(crossing, 'hex'))?.toString()).toBe('{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}');
  });

  test('uncompressed, cut off, none', () => {
    const header = Buffer.from('00000000030000004d454c4100000000', 'hex');
    expect(decompressRtf(Buffer.concat([header, Buffer.from('abcdef')]))?.toString()).toBe('abc');
    expect(decompressRtf(Buffer.from(helloWorld, 'hex').subarray(0, 30))?.toString()).toBe(
      '{\\rtf1\\ansi\\ansicpg1252',
    );
    expect(decompressRtf(Buffer.from('none of that at all'))).toBeNull();
  });

  test('a size that lies takes no memory', () => {
    const bytes = Buffer.from(helloWorld, 'hex');
    bytes.writeUInt32LE(0xffffffff, 4);
    expect(decompressRtf(bytes)?.length).toBe(43);
  });

  test('is the body of a winmail.dat without another', () => {
    const bytes = tnef(attribute(1, 0x00069003, properties(binary(0x1009, Buffer.from(helloWorld, 'hex')))));
    expect(readTnef(bytes)).toMatchObject({ text: 'hello world', html: '', complete: true });
  });
});

const read = (rtf: string) => readRtf(Buffer.from(rtf, 'latin1'));

describe('RTF', () => {
  test.each([
    ['{\\rtf1\\ansi one\\par two\\tab three\\line}', 'one\ntwo\tthree\n'],
    ["{\\rtf1\\ansi\\ansicpg1251 \\'ea\\'ee\\'f2}", 'кот'],
    ["{\\rtf1{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial;}}\\f0 a\\f1 \\'ea{\\f0 \\'e9}\\'ee}", 'aкéо'],
    ['{\\rtf1\\uc1 \\u8364?\\u-10179?\\u-8704? x}', '€😀 x'],
    ["{\\rtf1\\uc2 \\u8364\\'a4\\'a4x}", '€x'],
    ['{\\rtf1{\\info{\\author me}}{\\*\\generator x;}{\\colortbl;\\red0;}\\{a\\}\\\\\\~b\\emdash}', '{a}\\\u00a0b—'],
    ['{\\rtf1\\bin4 }}}}x}', 'x'],
    ['}}}{{{\\', ''],
  ])('%s', (rtf, expected) => {
    expect(read(rtf)).toEqual({ kind: 'text', content: expected });
  });

  // After MS-OXRTFEX §3.1
  test('HTML that is wrapped in it', () => {
    const rtf =
      '{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl{\\f0\\fswiss Arial;}}{\\*\\htmltag64}{\\*\\htmltag18 <html>}{\\*\\htmltag58 <body>}' +
      "\\htmlrtf {\\htmlrtf0 {\\*\\htmltag64 <p>}Caf\\'e9 {\\*\\htmltag84 &lt;}\\htmlrtf <\\htmlrtf0 {\\*\\mhtmltag84 <img>}\\par\n{\\*\\htmltag72 </p>}\\htmlrtf }\\htmlrtf0 {\\*\\htmltag58 </body>}}";
    expect(read(rtf)).toEqual({ kind: 'html', content: '<html><body><p>Café &lt;\n</p></body>' });
  });
});
