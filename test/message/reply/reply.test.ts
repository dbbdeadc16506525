import { describe, expect, test } from 'vitest';
import { htmlToText } from '../../../src/message/html-to-text.ts';
import { replyOf } from '../../../src/message/reply/reply.ts';
import { cpuMilliseconds } from '../../support/cpu.ts';

const max = { name: 'Max Muster', address: 'max@example.org', domain: 'example.org' };
const ofText = (text: string) => replyOf({ text, html: '', subject: 'Re: Angebot', to: [max], cc: [] });
const ofHtml = (html: string) => replyOf({ text: htmlToText(html), html, subject: 'x', to: [], cc: [] });

const texts: readonly (readonly [string, string, string])[] = [
  [
    'de',
    'Danke, passt.\n\nAm 12.03.2024 um 10:20 schrieb Max Muster:\n> Hallo\n> passt das?\n\n-- \nErika',
    'Danke, passt.',
  ],
  ['fr', 'Merci !\n\nLe mar. 12 mars 2024 à 10:20, Jean Dupont <jean@example.fr> a écrit :\n\n> Bonjour\n', 'Merci !'],
  [
    'fr2',
    'Merci !\n\nLe mar. 12 mars 2024 à 10:20, Jean Dupont <jean@example.fr> a\nécrit :\n\n> Bonjour\n',
    'Merci !',
  ],
  [
    'gm',
    'Sure\n\nOn Tue, Mar 12, 2024 at 10:20 AM John Doe with a long name <john@example.com>\nwrote:\n\n> hi\n> there\n',
    'Sure',
  ],
  [
    'jp',
    '承知しました。\n\n2024年3月12日(火) 10:20 山田太郎 <yamada@example.jp>:\n\n> お世話になっております\n',
    '承知しました。',
  ],
  [
    'ar',
    'شكرا جزيلا\n\nفي الثلاثاء، ١٢ مارس ٢٠٢٤ في ١٠:٢٠ ص تمت كتابة ما يلي بواسطة علي <ali@example.com>:\n\n> مرحبا\n',
    'شكرا جزيلا',
  ],
  ['zh', '好的\n\n张三 <zhang@example.cn> 于2024年3月12日周二 10:20写道：\n\n> 你好\n', '好的'],
  [
    'outlookDe',
    'Hallo,\n\nja gern.\n\nVon: Max Muster <max@example.org>\nGesendet: Dienstag, 12. März 2024 10:20\nAn: Erika <e@example.com>\nBetreff: Angebot\n\nHallo Erika\n',
    'Hallo,\n\nja gern.',
  ],
  [
    'outlookNoAddr',
    'ja gern.\n\n________________________________\nVon: Max Muster\nGesendet: Dienstag, 12. März 2024 10:20\nAn: Erika\nBetreff: Angebot\n\nHallo Erika\n',
    'ja gern.',
  ],
  [
    'orig',
    "oui\n\n-----Message d'origine-----\nDe : Max Muster [mailto:max@example.org]\nEnvoyé : mardi 12 mars 2024 10:20\nÀ : Erika\nObjet : Angebot\n\nBonjour",
    'oui',
  ],
  [
    'jpOutlook',
    '了解です\n\n差出人: 山田 <y@example.jp>\n送信日時: 2024年3月12日 10:20\n宛先: max@example.org\n件名: RE: Angebot\n\n本文',
    '了解です',
  ],
  ['inline', 'Max schrieb:\n> Frage eins?\nJa.\n\n> Frage zwei?\nNein.\n-- \nE', 'Ja.\n\nNein.'],
  [
    'order',
    'Neue Bestellung\n\nName: Hans\nE-Mail: hans@example.com\nDatum: 12.03.2024 10:20\nBetrag: 12 EUR\n',
    'Neue Bestellung\n\nName: Hans\nE-Mail: hans@example.com\nDatum: 12.03.2024 10:20\nBetrag: 12 EUR',
  ],
  [
    'mailman',
    'hello list\n\n_______________________________________________\nfoo mailing list\nfoo@lists.example.org\nhttps://lists.example.org/foo\n',
    'hello list',
  ],
  ['zoho', 'ok\n\n---- On Tue, 12 Mar 2024 10:20:00 +0100 Max <max@example.org> wrote ----\n\nhello', 'ok'],
  [
    'pgp',
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n',
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----',
  ],
  [
    'out',
    'ok\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Max Muster <max@example.org>\nSent: Tuesday, March 12, 2024 10:20:00 AM\nTo: x\nSubject: Angebot\n\nhi',
    'ok',
  ],
  ['mutt', '* Max Muster <max@example.org> [2024-03-12 10:20]:\n> foo\n\nbar', 'bar'],
  ['sigtop', '-- \nErika\n> quote\nanswer', 'answer'],
  ['ko', '네\n\n2024년 3월 12일 (화) 오전 10:20, 홍길동 <h@example.kr>님이 작성:\n\n> 안녕', '네'],
  [
    'he',
    'תודה\n\n\u200fבתאריך יום ג׳, 12 במרץ 2024 ב-10:20 מאת \u202aMax\u202c\u200f <\u202amax@example.org\u202c\u200f>:\u200f\n\n> שלום',
    'תודה',
  ],
  ['plain', 'Dear all,\nhere: the list\n\nRegards\nX', 'Dear all,\nhere: the list\n\nRegards\nX'],
];

const pages: readonly (readonly [string, string, string])[] = [
  [
    'gmail',
    '<div dir="ltr">Sure<div>x</div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue wrote:<br></div><blockquote class="gmail_quote">hi</blockquote></div>',
    'Sure\nx',
  ],
  [
    'apple',
    '<html><body>Danke<br><div><br><blockquote type="cite"><div>Am 12.03.2024 um 10:20 schrieb Max:</div>foo</blockquote></div></body></html>',
    'Danke',
  ],
  [
    'outlook',
    "<div class=WordSection1><p class=MsoNormal>ja gern</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p><b>Von:</b> Max</p></div></div><p>Hallo</p></div>",
    'ja gern',
  ],
  [
    'owa',
    '<div>yes</div><div id="Signature">E</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> x</div><div>old</div>',
    'yes',
  ],
  [
    'tb',
    '<body>answer<br><div class="moz-cite-prefix">Am 12.03.24 um 10:20 schrieb Max:<br></div><blockquote type="cite" cite="mid:x">old</blockquote>more<pre class="moz-signature">-- \nsig</pre></body>',
    'answer\n\nmore',
  ],
  ['indent', '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">indented</blockquote>', 'indented'],
];

/** Inputs that a careless scan takes minutes for. */
const hostile: readonly (readonly [string, string])[] = [
  ['quoted lines', '>\n'.repeat(500_000)],
  ['one line of quote marks', '>'.repeat(1_000_000)],
  ['signatures and quotes', '--\n>\n'.repeat(200_000)],
  ['quotes and blank lines', '>\n\n'.repeat(300_000)],
  ['announcements', 'x:\n>\n'.repeat(200_000)],
  ['headers', '\nFrom: a@b.c\nDate: 12.03.2024 10:20'.repeat(30_000)],
  ['rules', '----------\n'.repeat(100_000)],
  ['digits', `${'1 '.repeat(500_000)}\n>`],
  ['signs of addresses', '@'.repeat(1_000_000)],
];
const hostilePages: readonly (readonly [string, string])[] = [
  ['blockquotes', '<blockquote>'.repeat(100_000)],
  ['nested quotes', '<div class=gmail_quote>'.repeat(50_000)],
  ['many quotes', '<div class=gmail_quote></div>'.repeat(30_000)],
];

describe('the newest reply', () => {
  test.each(texts)('of text: %s', (_, text, reply) => {
    expect(ofText(text)).toBe(reply);
  });

  test.each(pages)('of HTML: %s', (_, html, reply) => {
    expect(ofHtml(html)).toBe(reply);
  });

  test('text without marks is the reply, whatever stands in it', () => {
    expect(ofText('a > b\n- c\nd: e')).toBe('a > b\n- c\nd: e');
    expect(ofText('')).toBe('');
  });

  test.each(hostile)('in linear time: %s', (_, text) => {
    expect(cpuMilliseconds(() => ofText(text))).toBeLessThan(2_000);
  });

  test.each(hostilePages)('in linear time: %s', (_, html) => {
    expect(cpuMilliseconds(() => ofHtml(html))).toBeLessThan(2_000);
  });
});
