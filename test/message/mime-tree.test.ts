import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { readHeaders } from '../../src/message/headers.ts';
import { defaultLimits } from '../../src/message/message.ts';
import { type Part, readTree } from '../../src/message/mime-tree.ts';

const mixed = (boundary: string, body: string, subtype = 'mixed') =>
  `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n${body}`;

function read(text: string, limits = defaultLimits) {
  const raw = Buffer.from(text, 'latin1');
  const defects = new Defects();
  const header = readHeaders(raw, 0, raw.length, limits.headerBytes, defects);
  const show = (part: Part): string =>
    part.kind === 'leaf'
      ? `${part.type}<${text.slice(part.start, part.end)}>`
      : `${part.subtype}(${part.parts.map(show).join(' ')})`;
  const tree = readTree(raw, header.fields, header.bodyStart, limits, defects);
  return [show(tree), ...defects.list().map((one) => one.code)];
}

describe('readTree', () => {
  test.each([
    // RFC 2046 §5.1.1
    [
      mixed(
        'simple boundary',
        'preamble\r\n--simple boundary\r\n\r\nimplicitly typed\r\n--simple boundary\r\nContent-type: text/plain; charset=us-ascii\r\n\r\nexplicitly\r\n\r\n--simple boundary--\r\nepilogue',
      ),
      ['mixed(text/plain<implicitly typed> text/plain<explicitly\r\n>)'],
    ],
    [mixed('b', '--b\n\nx\n--b--\n'), ['mixed(text/plain<x>)']],
    [mixed('b', '--b  \r\n\r\nx\r\n--b-- \r\n'), ['mixed(text/plain<x>)']],
    [mixed('b', '--b\r\n\r\nx\r\n--bb\r\n--b--'), ['mixed(text/plain<x\r\n--bb>)']],
    [mixed('b', '--b\r\n--b--'), ['mixed(text/plain<>)']],
    [mixed('b', '--b\r\nA: 1\r\n\r\nrfc\r\n--b--', 'digest'), ['digest(message/rfc822<rfc>)']],
    [
      mixed('o', `--o\r\n${mixed('i', '--i\r\n\r\n1\r\n--i--\r\n', 'alternative')}\r\n--o\r\n\r\n2\r\n--o--`),
      ['mixed(alternative(text/plain<1>) text/plain<2>)'],
    ],
    // a prefix of another boundary
    [
      mixed('b', `--b\r\n${mixed('b1', '--b1\r\n\r\n1\r\n--b1--')}\r\n--b\r\n\r\n2\r\n--b--`),
      ['mixed(mixed(text/plain<1>) text/plain<2>)'],
    ],
    // repaired
    [mixed('b', '--b\r\n\r\nx'), ['mixed(text/plain<x>)', 'BOUNDARY_END_MISSING']],
    [
      mixed('o', `--o\r\n${mixed('i', '--i\r\n\r\n1')}\r\n--o\r\n\r\n2\r\n--o--`),
      ['mixed(mixed(text/plain<1>) text/plain<2>)', 'BOUNDARY_END_MISSING'],
    ],
    [mixed('b', 'no parts'), ['mixed(text/plain<no parts>)', 'BOUNDARY_END_MISSING', 'MULTIPART_WITHOUT_PARTS']],
    [mixed('b', 'x\r\n--b\r\n'), ['mixed(text/plain<x>)', 'BOUNDARY_END_MISSING', 'MULTIPART_WITHOUT_PARTS']],
    ['Content-Type: multipart/mixed\r\n\r\nx', ['mixed(text/plain<x>)', 'BOUNDARY_MISSING']],
    // no boundary is named, or another one
    [
      'Content-Type: multipart/mixed\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--',
      ['mixed(a/b<x>)', 'BOUNDARY_MISSING', 'BOUNDARY_GUESSED'],
    ],
    [
      mixed('B', 'preamble\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n'),
      ['mixed(a/b<x>)', 'BOUNDARY_END_MISSING', 'BOUNDARY_GUESSED'],
    ],
    [
      mixed('o', `--o\r\n${mixed('i', '--j\r\nContent-Type: a/b\r\n\r\nx\r\n--j--\r\n')}\r\n--o\r\n\r\n2\r\n--o--`),
      ['mixed(mixed(a/b<x>) text/plain<2>)', 'BOUNDARY_END_MISSING', 'BOUNDARY_GUESSED'],
    ],
    // text on the line of a boundary that cannot be mistaken
    [
      mixed('=_next_1', '--=_next_1 junk\r\n\r\nx\r\n--=_next_1--junk\r\nepilogue'),
      ['mixed(text/plain<x>)', 'BOUNDARY_TEXT_SKIPPED'],
    ],
    [mixed('=_next_1', '--=_next_1\r\n\r\nx\r\n--=_next_12\r\n--=_next_1--'), ['mixed(text/plain<x\r\n--=_next_12>)']],
    [
      mixed('--------', '----------\r\n\r\nx\r\n---------- y\r\n------------'),
      ['mixed(text/plain<x\r\n---------- y>)'],
    ],
    // the delimiter between the header of a multipart and that of its first part is missing
    [
      mixed(
        'o',
        `--o\r\n${mixed('i', '1\r\n--i\r\n\r\n2\r\n--i--').replace('\r\n\r\n', '\r\nContent-Type: a/b\r\n\r\n')}\r\n--o--`,
      ),
      ['mixed(mixed(a/b<1> text/plain<2>))', 'BOUNDARY_START_MISSING'],
    ],
    [
      mixed(
        'o',
        `--o\r\n${mixed('i', '\r\n--i\r\n\r\n2\r\n--i--').replace('\r\n\r\n', '\r\nContent-Type: a/b\r\n\r\n')}\r\n--o--`,
      ),
      ['mixed(mixed(text/plain<2>))', 'BOUNDARY_START_MISSING'],
    ],
    [mixed('b', '--b\r\nno header\r\n--b--'), ['mixed(text/plain<no header>)', 'HEADER_END_MISSING']],
    ['Content-Type: ???\r\n\r\nx', ['text/plain<x>', 'CONTENT_TYPE_INVALID']],
    ['Content-Type: text\r\n\r\nx', ['text/plain<x>']],
    // RFC 822 §3.1.4 lets blanks stand around the slash; quotes and a comma are not allowed
    ['Content-Type: text / html\r\n\r\nx', ['text/html<x>', 'CONTENT_TYPE_INVALID']],
    ['Content-Type: "text/html"; charset=utf-8\r\n\r\nx', ['text/html<x>', 'CONTENT_TYPE_INVALID']],
    [
      'Content-Type: text/html, charset=utf-8\r\n\r\nx',
      ['text/html<x>', 'PARAMETER_SEPARATOR_MISSING', 'CONTENT_TYPE_INVALID'],
    ],
    [mixed('b', '--b\r\n\r\nx\r\n--b--').replace('/mixed', ''), ['mixed(text/plain<x>)', 'CONTENT_TYPE_INVALID']],
    // blanks before the dashes that close it; at the end of a boundary, which lines lose on their way
    [mixed('b', '--b\r\n\r\nx\r\n--b --\r\nepilogue'), ['mixed(text/plain<x>)']],
    [mixed('b ', '--b \r\n\r\nx\r\n--b\r\n--b --\r\n'), ['mixed(text/plain<x\r\n--b>)']],
    [mixed('b ', '--b\r\n\r\nx\r\n--b--\r\n'), ['mixed(text/plain<x>)', 'BOUNDARY_END_MISSING', 'BOUNDARY_GUESSED']],
    [mixed('b', '--b\r\n\r\nx\r\n--b'), ['mixed(text/plain<x>)', 'BOUNDARY_END_MISSING']],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test('more parts or levels than allowed are errors', () => {
    const limits = { ...defaultLimits, parts: 3, depth: 2 };
    const parts = mixed('b', '--b\r\n\r\nx\r\n'.repeat(3));
    expect(() => read(parts, limits)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_MANY_PARTS' }));
    const deep = mixed('a', `--a\r\n${mixed('b', `--b\r\n${mixed('c', '--c\r\n\r\nx')}`)}`);
    expect(() => read(deep, { ...limits, parts: 9 })).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_DEEP' }));
  });
});
