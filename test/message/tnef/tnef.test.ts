import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../../src/message/parse.ts';
import { readTnef } from '../../../src/message/tnef/tnef.ts';
import { attribute, binary, file, long, named, object, properties, string8, tnef, unicode } from './build.ts';

const codepage = (value: number) => attribute(1, 0x00069007, Buffer.from([value & 0xff, value >> 8, 0, 0, 0, 0, 0, 0]));
const messageProps = (...list: readonly Buffer[]) => attribute(1, 0x00069003, properties(...list));
const shown = (bytes: Buffer) =>
  readTnef(bytes)?.files.map(({ filename, contentType, content }) => [
    filename,
    contentType,
    content.toString('latin1'),
  ]);

describe('winmail.dat', () => {
  test('message class, and files by their attributes', () => {
    const read = readTnef(
      tnef(
        codepage(1251),
        attribute(1, 0x00078008, Buffer.from('IPM.Microsoft Mail.Note\0')),
        file('\xea\xee\xf2.txt', Buffer.from('Cat')),
        file('b', Buffer.from('')),
      ),
    );
    expect(read).toMatchObject({ messageClass: 'IPM.Note', complete: true });
    expect(read?.files.map((one) => [one.filename, one.content.toString()])).toEqual([
      ['кот.txt', 'Cat'],
      ['b', ''],
    ]);
  });

  test('properties are worth more than attributes', () => {
    const bytes = tnef(
      messageProps(named('Keywords'), unicode(0x001a, 'IPM.Schedule.Meeting.Request')),
      file(
        'SHORT~1.PDF',
        Buffer.from('x'),
        unicode(0x3707, 'long name ✓.pdf'),
        string8(0x370e, Buffer.from('Application/PDF\0')),
      ),
      file('', Buffer.from(''), unicode(0x3704, 'a.bin'), binary(0x3701, Buffer.from('inside'))),
    );
    expect(readTnef(bytes)?.messageClass).toBe('IPM.Schedule.Meeting.Request');
    expect(shown(bytes)).toEqual([
      ['long name ✓.pdf', 'application/pdf', 'x'],
      ['a.bin', 'application/octet-stream', 'inside'],
    ]);
  });

  test('an image in the HTML is inline', () => {
    const bytes = tnef(file('a.png', Buffer.from('x'), unicode(0x3712, 'one@x'), long(0x3714, 4)));
    expect(readTnef(bytes)?.files).toMatchObject([{ contentId: 'one@x', inline: true }]);
  });

  test('a message within it, and its files', () => {
    const inner = tnef(file('deep.txt', Buffer.from('deep')));
    const bytes = tnef(file('', Buffer.alloc(0), long(0x3705, 5), unicode(0x3001, 'Re: tea'), object(0x3701, inner)));
    expect(shown(bytes)?.map(([name, type]) => [name, type])).toEqual([
      ['Re: tea', 'application/ms-tnef'],
      ['deep.txt', 'application/octet-stream'],
    ]);
  });

  test('messages nested deeper than is opened', () => {
    let bytes = tnef(file('deep.txt', Buffer.from('deep')));
    for (let i = 0; i < 8; i++) bytes = tnef(file('', Buffer.alloc(0), long(0x3705, 5), object(0x3701, bytes)));
    const read = readTnef(bytes);
    expect(read?.complete).toBe(false);
    expect(read?.files).toHaveLength(6);
  });

  test('whatever is cut off or flipped, it ends', () => {
    const whole = tnef(messageProps(named('x'), unicode(0x1000, 'text')), file('a', Buffer.from('x'), long(0x3705, 1)));
    for (let i = 0; i < whole.length; i++) {
      expect(readTnef(whole.subarray(0, i))?.files.length ?? 0).toBeLessThanOrEqual(1);
      const flipped = Buffer.from(whole);
      flipped[i] = 0xff;
      readTnef(flipped);
    }
  });

  test('more than a thousand files', () => {
    const read = readTnef(tnef(...Array.from({ length: 1_200 }, () => file('a', Buffer.from('x')))));
    expect([read?.files.length, read?.complete]).toEqual([1_000, false]);
  });
});

const mail = (content: Buffer, type = 'application/ms-tnef', text = '') =>
  Buffer.from(
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${text}\r\n--b\r\nContent-Type: ${type}; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n${content.toString('base64')}\r\n--b--\r\n`,
  );

describe('a message with a winmail.dat', () => {
  const bytes = tnef(
    messageProps(
      unicode(0x001a, 'IPM.Note'),
      unicode(0x1000, 'plain\r\ntext'),
      binary(0x1013, Buffer.from('<p>r\xefch', 'latin1')),
      long(0x3fde, 1252),
    ),
    file('a.txt', Buffer.from('Cat')),
  );

  test('its files are attachments', async () => {
    const message = await parseMessage(mail(bytes, undefined, 'mail text'));
    expect(message).toMatchObject({ text: 'mail text', html: '', messageClass: 'IPM.Note', defects: [] });
    expect(message.attachments).toMatchObject([
      { filename: 'winmail.dat', contentType: 'application/ms-tnef' },
      { filename: 'a.txt', size: 3, sha256: hash('sha256', 'Cat'), within: 'tnef' },
    ]);
  });

  test('its text and HTML are the body when there is no other', async () => {
    expect(await parseMessage(mail(bytes))).toMatchObject({ text: 'plain\ntext', html: '<p>rïch' });
  });

  test('known by its name where a server lost its type', async () => {
    expect((await parseMessage(mail(bytes, 'application/octet-stream'))).attachments).toHaveLength(2);
  });

  test('broken', async () => {
    const message = await parseMessage(mail(bytes.subarray(0, -20)));
    expect(message.defects.map((one) => one.code)).toEqual(['TNEF_INVALID']);
    expect((await parseMessage(mail(Buffer.from('no TNEF')))).defects.map((one) => one.code)).toEqual(['TNEF_INVALID']);
  });
});
