import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';

const parse = async (text: string) => (await parseMessage(Buffer.from(text))).protection;
const multipart = (subtype: string, protocol: string, part = '') =>
  `Content-Type: multipart/${subtype}; protocol="${protocol}"; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n${part}\r\n\r\ny\r\n--b--\r\n`;

describe('how a message is protected', () => {
  test.each([
    ['signed', 'application/pkcs7-signature', { kind: 'smime', signed: true, encrypted: false }],
    ['signed', 'application/x-pkcs7-signature', { kind: 'smime', signed: true, encrypted: false }],
    ['signed', 'application/pgp-signature', { kind: 'pgp', signed: true, encrypted: false }],
    ['encrypted', 'application/pgp-encrypted', { kind: 'pgp', signed: false, encrypted: true }],
    ['signed', 'application/x-other', null],
    ['mixed', 'application/pgp-signature', null],
  ])('multipart/%s by %s', async (subtype, protocol, expected) => {
    expect(await parse(multipart(subtype, protocol))).toEqual(expected);
  });

  test.each(['application/pkcs7-mime', 'application/octet-stream'])(
    'an S/MIME file by its name, as %s',
    async (type) => {
      // ContentInfo of enveloped data: SEQUENCE, OID 1.2.840.113549.1.7.3
      const content = Buffer.from('300d06092a864886f70d010703a000', 'hex').toString('base64');
      const header = `Content-Type: ${type}; name="SMIME.P7M"\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
      expect(await parse(header + content)).toEqual({ kind: 'smime', signed: false, encrypted: true });
    },
  );

  test('within a mailing list’s multipart', async () => {
    const inner = multipart('signed', 'application/pgp-signature')
      .replaceAll('--b', '--c')
      .replace('boundary=b', 'boundary=c');
    expect(await parse(`Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n${inner}\r\n--o--`)).toMatchObject({
      signed: true,
    });
  });

  test('PGP/MIME that a server made multipart/mixed of', async () => {
    expect(await parse(multipart('mixed', '', 'Content-Type: application/pgp-encrypted'))).toMatchObject({
      encrypted: true,
    });
  });

  test.each([
    [
      '-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n',
      { kind: 'pgp', signed: false, encrypted: true },
    ],
    [
      'Hello\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nx',
      { kind: 'pgp', signed: true, encrypted: false },
    ],
    ['> -----BEGIN PGP MESSAGE-----\n', null],
    ['-----BEGIN PGP PUBLIC KEY BLOCK-----\n', null],
    ['text', null],
  ])('in a text: %j', async (text, expected) => {
    expect(await parse(`Subject: x\n\n${text}`)).toEqual(expected);
  });
});
