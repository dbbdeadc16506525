import { describe, expect, test } from 'vitest';
import { htmlToText } from '../../src/message/html-to-text.ts';

describe('htmlToText', () => {
  test.each([
    ['<p>one</p><p>two</p>', 'one\n\ntwo'],
    ['a<br>b<br/><br>c', 'a\nb\n\nc'],
    ['<div>a</div><div>b <b>c</b></div>', 'a\nb c'],
    ['a \n\t b&nbsp; c', 'a b c'],
    ['<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>', '1 2\n3'],
    ['<pre>a\n  b</pre>c', 'a\n  b\n\nc'],
    ['<style>p{}</style>x<SCRIPT>if (a</b>) "</script>"</SCRIPT >', 'x"'],
    ['<!-- a > b -->x<!doctype html>', 'x'],
    ['<!-- never closed > x', 'x'],
    ['<title>t</title>x', 'x'],
    ['<title>never closed', 'never closed'],
    ['<a title="a>b" href=\'c>d\'>x</a>', 'x'],
    ['<a href="never closed>x</a>', 'x'],
    ['1 < 2 && 3 > 2', '1 < 2 && 3 > 2'],
    ['&eacute;&#233;&#xE9;&amp;lt;&euro;&#128;&unknown;&#0;&#xD800;', 'ééé&lt;€€&unknown;\uFFFD\uFFFD'],
    ['<', '<'],
    ['<b', ''],
    ['', ''],
  ])('%j', (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });
});
