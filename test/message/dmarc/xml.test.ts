import { describe, expect, test } from 'vitest';
import { XmlReader } from '../../../src/message/dmarc/xml.ts';

/** What the reader finds, on one line: `<a>`, `</>`, text; `!` at the end when something was repaired. */
function read(text: string): string {
  const reader = new XmlReader(text);
  let result = '';
  for (let token = reader.next(); token !== 'end'; token = reader.next())
    result += token === 'open' ? `<${reader.name}>` : token === 'close' ? '</>' : reader.text;
  return `${result}${reader.depth > 0 ? `~${reader.depth}` : ''}${reader.repaired ? '!' : ''}`;
}

const code = (text: string): string => {
  try {
    return read(text);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

describe('XmlReader', () => {
  test.each([
    ['<a>x<b/>y</a>', '<a>x<b></>y</>'],
    ['<?xml version="1.0"?><!-- <b> --><a\n x = "1>2" y=\'"\' >z</a >', '<a>z</>'],
    ['<ns:A xmlns:ns="u">z</ns:A>', '<a>z</>'],
    ['<a><![CDATA[<b>&amp;]]></a>', '<a><b>&amp;</>'],
    ['<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&#x1F600;</a>', '<a><>&\'"AB\u{1F600}</>'],
    ['<a/><b/>', '<a></><b></>'],
    // Repaired
    ['<a>AT&T &nbsp; &#xD800;&#0;&#99999999;</a>', '<a>AT&T &nbsp; \uFFFD\uFFFD&#99999999;</>!'],
    ['<a>1 < 2 <= 3</a>', '<a>1 < 2 <= 3</>!'],
    ['<a><b>x</a>', '<a><b>x</></>!'],
    ['<a>x</b></a>', '<a>x</>!'],
    // The end comes early
    ['<a><b>x', '<a><b>x~2'],
    ['<a><b x="1', '<a>~1'],
    ['<a><!-- x', '<a>~1'],
    ['<a>x</a', '<a>x~1'],
    ['', ''],
    ['no XML', 'no XML'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('namespaces are what a tag declares', () => {
    const reader = new XmlReader('<ns:a xmlns="u1" b="xmlns" xmlns:ns = \'u2\'/>');
    expect(reader.next()).toBe('open');
    expect([reader.prefix, ...reader.namespaces]).toEqual(['ns', ['', 'u1'], ['ns', 'u2']]);
  });

  test.each([
    ['a document type declaration', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a declaration within', '<a><!ELEMENT b></a>'],
    ['depth', '<a>'.repeat(33)],
    ['a long name', `<${'a'.repeat(300)}>`],
    ['a long tag', `<a ${'b '.repeat(10_000)}>`],
    ['a long attribute', `<a b="${'c'.repeat(20_000)}">`],
    ['a long end tag', `<a></a${' '.repeat(20_000)}>`],
  ])('%s is refused', (_, text) => {
    expect(code(text)).toBe('REPORT_XML_INVALID');
  });

  const many = 300_000;
  // Each would take more than the time limit if it were quadratic.
  test.each([
    ['open tags without end', '<a '.repeat(3 * many)],
    ['comments without end', '<!--'.repeat(3 * many)],
    ['CDATA without end', '<![CDATA['.repeat(many)],
    ['instructions without end', '<?'.repeat(5 * many)],
    ['less-than signs', '<'.repeat(10 * many)],
    ['ampersands', '&'.repeat(10 * many)],
    ['references without end', '&amp'.repeat(3 * many)],
    ['end tags without end', '</a '.repeat(3 * many)],
    ['quotes', `<a ${'b="'.repeat(3 * many)}`],
    ['equals signs', `<a ${'='.repeat(16_000)}>`.repeat(600)],
    ['names', `<a ${'b'.repeat(16_000)}>`.repeat(600)],
    ['elements', '<a/>'.repeat(2 * many)],
    ['end tags that close nothing', `${'<a>'.repeat(32)}${'</b>'.repeat(2 * many)}`],
  ])('%s in linear time', { timeout: 10_000 }, (_, text) => {
    code(text);
  });
});
