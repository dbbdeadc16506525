import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../../src/message/parse.ts';
import { readContentInfo } from '../../../src/message/smime/content-info.ts';

const signedData = '2a864886f70d010702';
const envelopedData = '2a864886f70d010703';
const data = '2a864886f70d010701';

/** A DER element of definite length. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length);
  const length = body.length < 0x80 ? Buffer.from([body.length]) : Buffer.concat([Buffer.from([0x84]), size]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}
/** A BER element of indefinite length. */
const ber = (tag: number, ...content: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([tag, 0x80]), ...content, Buffer.from([0, 0])]);

type Build = (tag: number, ...content: readonly Buffer[]) => Buffer;
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));

/** A SignedData (RFC 5652 §5.1) around an octet string. */
function signed(content: Buffer | null, build: Build = der): Buffer {
  const encapsulated = build(0x30, oid(data), ...(content === null ? [] : [build(0xa0, content)]));
  const algorithms = build(0x31, der(0x30, oid('608648016503040201')));
  return build(
    0x30,
    oid(signedData),
    build(0xa0, build(0x30, der(0x02, Buffer.from([1])), algorithms, encapsulated, der(0x31))),
  );
}

const entity = 'Content-Type: text/plain\r\n\r\nsigned text\r\n';
const octets = (text: string) => der(0x04, Buffer.from(text));

describe('a .p7m', () => {
  test('signed content in DER, and in BER in pieces', () => {
    expect(readContentInfo(signed(octets(entity)))).toEqual({ kind: 'signed', signed: Buffer.from(entity) });
    const pieces = ber(0x24, octets('Content-Type: '), ber(0x24, octets('text/plain\r\n')), octets('\r\nx'));
    expect(readContentInfo(signed(pieces, ber)).signed?.toString()).toBe('Content-Type: text/plain\r\n\r\nx');
  });

  test('a detached signature holds nothing', () => {
    expect(readContentInfo(signed(null))).toEqual({ kind: 'signed', signed: null });
  });

  test('what it is', () => {
    expect(readContentInfo(der(0x30, oid(envelopedData), der(0xa0)))).toEqual({ kind: 'enveloped', signed: null });
    expect(readContentInfo(Buffer.from('no DER'))).toEqual({ kind: 'unknown', signed: null });
  });

  test('whatever is cut off or flipped, it ends', () => {
    const whole = signed(ber(0x24, octets(entity)), ber);
    for (let i = 0; i < whole.length; i++) {
      readContentInfo(whole.subarray(0, i));
      for (const value of [0x00, 0x80, 0xff, 0x24]) {
        const flipped = Buffer.from(whole);
        flipped[i] = value;
        readContentInfo(flipped);
      }
    }
    expect(readContentInfo(signed(Buffer.alloc(100_000, Buffer.from([0x24, 0x80])), ber)).signed).toBeNull();
  });
});

const p7m = (content: Buffer, type: string) =>
  Buffer.from(
    `Content-Type: application/pkcs7-mime; smime-type=${type}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${content.toString('base64')}`,
  );

describe('a message that is an S/MIME file', () => {
  test('what was signed is read, and says so', async () => {
    const inner = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${entity}\r\n--b\r\nContent-Type: a/b; name=x\r\n\r\n123\r\n--b--\r\n`;
    const message = await parseMessage(p7m(signed(octets(inner)), 'signed-data'));
    expect(message.text).toBe('signed text\n');
    expect(message.protection).toEqual({ kind: 'smime', signed: true, encrypted: false });
    expect(message.attachments).toMatchObject([
      { filename: 'smime.p7m', contentType: 'application/pkcs7-mime' },
      { filename: 'x', contentType: 'a/b', size: 3, within: 'smime' },
    ]);
    expect(message.attachments[0]).not.toHaveProperty('within');
    expect(message.defects).toEqual([]);
  });

  test('signed twice', async () => {
    const once = p7m(signed(octets(entity)), 'signed-data').toString();
    expect((await parseMessage(p7m(signed(octets(once)), 'signed-data'))).text).toBe('signed text\n');
  });

  test('signed more often than is opened', async () => {
    let raw = Buffer.from(entity);
    for (let i = 0; i < 6; i++) raw = p7m(signed(octets(raw.toString())), 'signed-data');
    const message = await parseMessage(raw);
    expect(message.text).toBe('');
    expect(message.defects.map((one) => one.code)).toEqual(['UNPACK_LIMIT']);
  });

  test('encrypted', async () => {
    const message = await parseMessage(p7m(der(0x30, oid(envelopedData), der(0xa0)), 'enveloped-data'));
    expect(message.protection).toEqual({ kind: 'smime', signed: false, encrypted: true });
    expect(message.text).toBe('');
  });

  test('broken', async () => {
    const message = await parseMessage(p7m(Buffer.from('no DER'), 'signed-data'));
    expect(message.protection).toEqual({ kind: 'smime', signed: true, encrypted: false });
    expect(message.defects.map((one) => one.code)).toEqual(['SMIME_INVALID']);
  });

  test('certificates alone protect nothing', async () => {
    expect((await parseMessage(p7m(signed(null), 'certs-only'))).protection).toBeNull();
  });
});
