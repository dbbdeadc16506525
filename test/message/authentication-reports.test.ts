import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { findReports, readReportFile } from '../../src/message/authentication-reports.ts';
import { MailmillError } from '../../src/telemetry/errors.ts';
import { spamAssassin } from './corpus.ts';
import { report } from './dmarc/samples.ts';
import { zip } from './files/archives.ts';

const xml = Buffer.from(report());
const tls = Buffer.from(
  JSON.stringify({
    'organization-name': 'Company-X',
    'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
    'report-id': '5065427c',
    policies: [
      {
        policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'company-y.example' },
        summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
      },
    ],
  }),
);

interface Part {
  readonly content: Buffer;
  readonly type?: string;
  readonly name?: string;
  readonly encoding?: 'base64' | 'binary';
}

const named = (name: string | undefined) =>
  name === undefined ? '' : `Content-Disposition: attachment; filename="${name}"\r\n`;

function part({ content, type = 'application/octet-stream', name, encoding = 'base64' }: Part): Buffer {
  const header = `Content-Type: ${type}\r\n${named(name)}Content-Transfer-Encoding: ${encoding}\r\n\r\n`;
  const lines = content.toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return Buffer.concat([Buffer.from(header), encoding === 'base64' ? Buffer.from(lines) : content]);
}

/** A message of one part, or of text and several. */
const alone = (one: Part, subject = 'x') => Buffer.concat([Buffer.from(`Subject: ${subject}\r\n`), part(one)]);
const mixed = (...parts: readonly Part[]) =>
  Buffer.concat([
    Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello'),
    ...parts.flatMap((one) => [Buffer.from('\r\n--b\r\n'), part(one)]),
    Buffer.from('\r\n--b--\r\n'),
  ]);

const summary = (raw: Buffer) => {
  const { reports, refused } = findReports(raw);
  return [
    ...reports.map((found) => `${found.section} ${found.report.kind}`),
    ...refused.map((found) => `${found.section} ${found.code}`),
  ];
};

const gz = zlib.gzipSync(xml);
const name = 'acme.com!example.com!1335571200!1335657599.xml';

describe('findReports', () => {
  test.each([
    ['gzip', alone({ content: gz, type: 'application/gzip', name: `${name}.gz` }), ['1 dmarcAggregate']],
    ['gzip without a name or type', alone({ content: gz }), ['1 dmarcAggregate']],
    ['gzip that is called text', mixed({ content: gz, type: 'text/plain' }), ['2 dmarcAggregate']],
    ['gzip, binary', mixed({ content: gz, encoding: 'binary' }), ['2 dmarcAggregate']],
    ['gzip with a wrong name', mixed({ content: gz, name: 'report.zip' }), ['2 dmarcAggregate']],
    ['ZIP', mixed({ content: zip([{ name, content: xml }]), type: 'application/zip' }), ['2 dmarcAggregate']],
    [
      'ZIP in disguise',
      mixed({ content: zip([{ name, content: xml, stored: true }]), type: 'text/html' }),
      ['2 dmarcAggregate'],
    ],
    ['gzip in ZIP', mixed({ content: zip([{ name, content: gz }]) }), ['2 dmarcAggregate']],
    ['bare XML', mixed({ content: xml, type: 'text/xml', name }), ['2 dmarcAggregate']],
    ['bare XML as the body', Buffer.concat([Buffer.from('Subject: x\n\n'), xml]), ['1 dmarcAggregate']],
    ['XML behind something else', mixed({ content: Buffer.concat([Buffer.from('\0ï»¿'), xml]) }), ['2 dmarcAggregate']],
    ['UTF-16', mixed({ content: Buffer.from(`\uFEFF${report()}`, 'utf16le') }), ['2 dmarcAggregate']],
    ['two reports', mixed({ content: gz }, { content: xml }), ['2 dmarcAggregate', '3 dmarcAggregate']],
    ['a TLS report', mixed({ content: tls, type: 'application/tlsrpt+json' }), ['2 tls']],
    ['a TLS report in gzip', mixed({ content: zlib.gzipSync(tls), type: 'application/tlsrpt+gzip' }), ['2 tls']],
    ['a TLS report without its type', mixed({ content: zlib.gzipSync(tls) }), ['2 tls']],
  ])('%s', (_, raw, expected) => {
    expect(summary(raw)).toEqual(expected);
  });

  test('parts are counted as IMAP does', () => {
    const inner = mixed({ content: gz });
    const outer = Buffer.concat([
      Buffer.from('Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n'),
      inner,
      Buffer.from('\r\n--o\r\n\r\nend\r\n--o--'),
    ]);
    expect(summary(outer)).toEqual(['1.2 dmarcAggregate']);
  });

  const bomb = zlib.gzipSync(Buffer.concat([Buffer.from('<feedback>'), Buffer.alloc(90 * 2 ** 20, ' ')]));
  const cut = gz.subarray(0, -20);
  test.each([
    ['a report that is cut', alone({ content: cut, name: `${name}.gz` }), ['1 REPORT_ARCHIVE_BROKEN']],
    [
      'one that only its subject tells',
      alone({ content: cut.subarray(0, 20) }, 'Report Domain: a'),
      ['1 REPORT_ARCHIVE_BROKEN'],
    ],
    ['an empty report', alone({ content: Buffer.alloc(0), name }), ['1 REPORT_EMPTY']],
    ['an empty archive', mixed({ content: zip([]), name: `${name}.zip` }), ['2 REPORT_EMPTY']],
    ['something else with its name', mixed({ content: Buffer.from('hello'), name }), ['2 REPORT_NOT_DMARC']],
    [
      'something else with its type',
      mixed({ content: Buffer.from('{'), type: 'application/tlsrpt+json' }),
      ['2 REPORT_JSON_INVALID'],
    ],
    ['a bomb', mixed({ content: bomb }), ['2 REPORT_TOO_LARGE']],
    [
      'an encrypted archive',
      mixed({ content: zip([{ name, content: xml, flags: 1 }]), name: `${name}.zip` }),
      ['2 REPORT_ARCHIVE_UNSUPPORTED'],
    ],
    [
      'an archive with a path upwards',
      mixed({ content: zip([{ name: `../${name}`, content: xml }]) }),
      ['2 REPORT_ARCHIVE_UNSUPPORTED'],
    ],
    [
      'an entity',
      mixed({ content: Buffer.from(`<!DOCTYPE feedback [<!ENTITY a "b">]>${report()}`) }),
      ['2 REPORT_XML_INVALID'],
    ],
  ])('%s is refused', (_, raw, expected) => {
    expect(summary(raw)).toEqual(expected);
  });

  test('files beside a report in an archive do not matter', () => {
    const readme = { name: 'readme.txt', content: Buffer.from('hello') };
    expect(summary(mixed({ content: zip([readme, { name, content: xml }]), name: `${name}.zip` }))).toEqual([
      '2 dmarcAggregate',
    ]);
    expect(summary(mixed({ content: zip([readme, readme]), name: `${name}.zip` }))).toEqual(['2 REPORT_NOT_DMARC']);
  });

  test('a report beside a refused one is read', () => {
    expect(summary(mixed({ content: bomb }, { content: gz }))).toEqual(['3 dmarcAggregate', '2 REPORT_TOO_LARGE']);
  });

  test.each([
    ['other gzip', mixed({ content: zlib.gzipSync(Buffer.from('hello')), name: 'a.gz' })],
    ['broken gzip', mixed({ content: Buffer.from('\x1f\x8b\x08\0\0\0', 'latin1'), name: 'a.gz' })],
    [
      'an office file',
      mixed({ content: zip([{ name: '[Content_Types].xml', content: Buffer.from('<Types/>') }]), name: 'a.docx' }),
    ],
    ['other XML', mixed({ content: Buffer.from('<?xml version="1.0"?><rss/>'), type: 'text/xml', name: 'a.xml' })],
    ['other JSON', mixed({ content: Buffer.from('{"a": "report-id"}'), type: 'application/json' })],
    ['a mail that quotes a name', Buffer.from('Subject: x\n\nreport-id: "policies"')],
    ['a mail that speaks of an element', Buffer.from('Subject: x\n\nOur <feedback> element is not read.\n')],
    ['a mail that quotes a report', Buffer.from(`Subject: x\n\nWhat is this?\n\n${report()}`)],
    [
      'a page with such an element',
      Buffer.from('Content-Type: text/html\n\n<!doctype html><html><feedback>x</feedback></html>'),
    ],
    ['no message', Buffer.alloc(0)],
  ])('%s is no report', (_, raw) => {
    expect(summary(raw)).toEqual([]);
  });

  test('a message of bombs costs as much as one', { timeout: 5_000 }, () => {
    const found = summary(mixed(...Array.from({ length: 40 }, () => ({ content: bomb }))));
    expect(found).toEqual(Array.from({ length: 16 }, (_, i) => `${i + 2} REPORT_TOO_LARGE`));
  });

  test('no mail of the SpamAssassin corpus is taken for a report', { timeout: 60_000 }, () => {
    let count = 0;
    for (const { raw, name: file } of spamAssassin()) {
      expect(findReports(raw), file).toEqual({ reports: [], refused: [] });
      count++;
    }
    expect(count).toBe(6_046);
  });
});

describe('readReportFile', () => {
  const outcome = (bytes: Buffer): string => {
    try {
      return JSON.stringify(readReportFile(bytes));
    } catch (error) {
      return error instanceof MailmillError ? error.code : String(error);
    }
  };

  test('whatever is cut or flipped, a report or a REPORT_ error comes of it, twice the same', {
    timeout: 20_000,
  }, () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    const marks = Buffer.from('<>&;/="\'{}[],:\0\xff !?-');
    for (let i = 0; i < 6_000; i++) {
      const sample = i % 3 === 0 ? tls : xml;
      const bytes = Buffer.from(sample.subarray(0, random(5) === 0 ? random(sample.length) : sample.length));
      for (let j = random(6); j > 0 && bytes.length > 0; j--)
        bytes[random(bytes.length)] = random(2) === 0 ? random(256) : (marks[random(marks.length)] ?? 0);
      const result = outcome(bytes);
      expect(result).toMatch(/^(\[\{|REPORT_[A-Z_]+$)/);
      expect(result.isWellFormed() && !result.includes('\\u0000')).toBe(true);
      expect(outcome(Buffer.from(bytes))).toBe(result);
    }
  });
});
