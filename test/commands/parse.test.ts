import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toPlain } from '../../src/commands/parse/plain.ts';
import { rawTree, type TreeNode } from '../../src/commands/parse/raw-tree.ts';
import { command } from '../../src/commands/parse.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailmill-parse-'));
});
afterEach(() => rm(root, { recursive: true }));

const feedback = [
  'Content-Type: message/feedback-report',
  '',
  'Feedback-Type: auth-failure',
  'Auth-Failure: dmarc',
  'Source-IP: 192.0.2.1',
  'Reported-Domain: example.com',
  '',
];
const enclosed = [
  'Content-Type: message/rfc822',
  '',
  'From: a@example.com',
  'Content-Type: text/html',
  '',
  '<p>hi</p>',
];
const message = [
  'From: =?utf-8?Q?J=C3=BCrg?= <j@example.org>',
  'To: team@example.net',
  'Date: Thu, 22 Aug 2024 12:36:23 +0200',
  'Subject: line: one',
  '__proto__: odd',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
  '',
  '--b',
  '',
  'first',
  'second',
  '--b',
  ...feedback,
  '--b',
  ...enclosed,
  '--b--',
  'epilogue',
  '',
].join('\r\n');

async function run(input: string, ...args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, env: {}, signal: AbortSignal.timeout(10_000) };
  const parse: (args: readonly string[], context: typeof io, stdin: Readable) => Promise<number> = command.run;
  const code = await parse(args, io, Readable.from([Buffer.from(input)]));
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const expected = {
  size: message.length,
  rawSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  subject: 'line: one',
  from: { name: 'Jürg', address: 'j@example.org', domain: 'example.org' },
  sender: null,
  date: '2024-08-22T10:36:23.000Z',
  headers: { to: ['team@example.net'], subject: ['line: one'] },
  text: 'first\nsecond',
  attachments: [{ contentType: 'message/feedback-report' }, { contentType: 'message/rfc822' }],
  report: { section: '2', kind: 'dmarcFailure', sourceIp: '192.0.2.1', original: { from: 'a@example.com' } },
  dateOffset: 120,
  reply: 'first\nsecond',
  links: [],
  list: null,
  threadKey: expect.stringMatching(/^subject:[0-9a-f]{32}$/),
};

describe('mailmill parse', () => {
  test('a file as YAML: dates, maps and reports as plain data', async () => {
    await writeFile(join(root, 'a.eml'), message);
    const { code, stdout, stderr } = await run('', join(root, 'a.eml'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(load(stdout)).toMatchObject(expected);
    expect(stdout).toContain('text: |-\n  first\n  second\n');
  });

  test('standard input as JSON, whatever headers are called', async () => {
    const { code, stdout } = await run(message, '-', '--json');
    expect(code).toBe(0);
    const value = JSON.parse(stdout);
    expect(value).toMatchObject(expected);
    expect(Object.getOwnPropertyDescriptor(value.headers, '__proto__')?.value).toEqual(['odd']);
  });

  test('a bounce is a report too, ordinary mail is none', async () => {
    const status =
      'Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n';
    const bounce = `Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nsorry\n--b\nContent-Type: message/delivery-status\n\n${status}--b--\n`;
    expect(load((await run(bounce, '-')).stdout)).toMatchObject({
      report: { kind: 'delivery', recipients: [{ recipient: 'a@example.org' }] },
    });
    expect(load((await run('Subject: x\n\nhello', '-')).stdout)).toMatchObject({ report: null });
  });

  test('a report that cannot be read is told', async () => {
    const broken = 'Subject: Report Domain: example.com\n\n\x1f\x8bbroken';
    const { stdout } = await run(Buffer.from(broken, 'latin1').toString('utf8'), '-');
    expect(load(stdout)).toMatchObject({ report: null });
    await writeFile(join(root, 'b.eml'), Buffer.from(broken, 'latin1'));
    expect(load((await run('', join(root, 'b.eml'))).stdout)).toMatchObject({
      report: {
        kind: 'unreadable',
        section: '1',
        code: 'REPORT_ARCHIVE_BROKEN',
        problem: expect.stringContaining('gzip'),
      },
    });
  });

  test('--raw-tree: offsets are those of the file, also where its lines end in several CRs', () => {
    const lines = [
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'one',
      '--b',
      'A: b',
      '',
      'two',
      '--b--',
      '',
    ];
    const text = lines.join('\r\r\n');
    const tree = rawTree(Buffer.from(text));
    const cut = ({ start, bodyStart, end }: TreeNode) => [text.slice(start, bodyStart), text.slice(bodyStart, end)];
    expect(tree.parts?.map(cut)).toEqual([
      ['\r\r\n', 'one'],
      ['A: b\r\r\n\r\r\n', 'two'],
    ]);
    expect([tree.start, tree.end]).toEqual([0, text.length]);
  });

  test('--raw-tree: offsets lead to what they name', async () => {
    const { stdout } = await run(message, '-', '--raw-tree', '--json');
    const tree: TreeNode = JSON.parse(stdout);
    expect(tree).toEqual(rawTree(Buffer.from(message)));
    const header = (node: TreeNode) => message.slice(node.start, node.bodyStart);
    const body = (node: TreeNode) => message.slice(node.bodyStart, node.end);
    const [text, report, original] = tree.parts ?? [];
    if (!text || !report || !original?.message) throw new Error('parts are missing');
    expect(tree.parts?.map(({ section, type }) => [section, type])).toEqual([
      ['1', 'text/plain'],
      ['2', 'message/feedback-report'],
      ['3', 'message/rfc822'],
    ]);
    expect(header(tree)).toBe(message.slice(0, message.indexOf('--b\r\n')));
    expect(body(tree)).toBe(message.slice(message.indexOf('--b\r\n'), message.indexOf('epilogue')));
    expect([header(text), body(text)]).toEqual(['\r\n', 'first\r\nsecond']);
    expect(header(report) + body(report)).toBe(feedback.join('\r\n'));
    expect(original.message).toMatchObject({ section: '3.1', type: 'text/html' });
    expect(header(original.message)).toBe('From: a@example.com\r\nContent-Type: text/html\r\n\r\n');
    expect(body(original.message)).toBe('<p>hi</p>');
    expect((await run(message, '-', '--raw-tree')).stdout).toMatch(
      /^type: multipart\/report\nstart: 0\nbodyStart: \d+\n/,
    );
  });

  test('messages within messages are shown to a depth, in little time', async () => {
    const bomb = 'Content-Type: message/rfc822\n\n'.repeat(20_000);
    let depth = 0;
    for (let node: TreeNode | undefined = rawTree(Buffer.from(bomb)); node; node = node.message) depth++;
    expect(depth).toBe(21);
  });

  test('an encoded part is not opened', () => {
    const tree = rawTree(
      Buffer.from('Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYQo='),
    );
    expect(tree).toEqual({
      section: '1',
      type: 'message/rfc822',
      start: 0,
      bodyStart: 64,
      end: 76,
      encoding: 'base64',
    });
  });

  test('wrong usage, a file that is not there', async () => {
    expect(await run('')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^expected one file\n\nusage:/) });
    expect(await run('', 'a', 'b')).toMatchObject({ code: 2 });
    expect(await run('', '--tree', 'a')).toMatchObject({ code: 2, stderr: expect.stringContaining("'--tree'") });
    expect(await run('', join(root, 'none'))).toMatchObject({
      code: 1,
      stderr: `cannot read ${join(root, 'none')}: there is no such file; give the path of one message\n`,
    });
    expect(await run('', root)).toMatchObject({ code: 1, stderr: expect.stringContaining(': it is a directory; ') });
  });
});

test('toPlain: what JSON and YAML do not have', () => {
  expect(
    toPlain({
      map: new Map([['a', new Date(0)]]),
      small: 12n,
      large: 2n ** 64n,
      nan: Number.NaN,
      invalid: new Date(Number.NaN),
      bytes: new Uint8Array([1, 2]),
      gone: undefined,
    }),
  ).toEqual({
    map: { a: '1970-01-01T00:00:00.000Z' },
    small: 12,
    large: '18446744073709551616',
    nan: 'NaN',
    invalid: null,
    bytes: 'AQI=',
  });
});

describe('a long message', () => {
  test.each([
    ['one line', 'x'.repeat(5_000_000)],
    ['many lines', 'é\n'.repeat(2_000_000)],
  ])('of %s is printed', async (_, text) => {
    const file = join(root, 'long.eml');
    await writeFile(file, `Subject: s\nContent-Type: text/plain; charset=utf-8\n\n${text}`);
    const { code, stdout } = await run('', file);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ subject: 's', text });
  });
});
