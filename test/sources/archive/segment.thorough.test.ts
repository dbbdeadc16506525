import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  decodeFrame,
  encodeFrame,
  encodeSegment,
  readIndex,
  SegmentError,
} from '../../../src/sources/archive/segment.ts';
import { failure } from '../support.ts';

const sha256 = (raw: Buffer) => createHash('sha256').update(raw).digest('hex');
const messages = [Buffer.from('Subject: a\r\n\r\n'.repeat(100)), Buffer.alloc(0), Buffer.from([0, 255, 10])];

async function segment() {
  const frames = await Promise.all(messages.map((raw) => encodeFrame(sha256(raw), raw)));
  return encodeSegment(frames);
}

describe('a segment', () => {
  test('has its messages where it says, and an index of its own', async () => {
    const { bytes, frames } = await segment();
    expect(readIndex(bytes)).toEqual(frames);
    for (const [i, { sha256: hash, position, length }] of frames.entries())
      expect(await decodeFrame(bytes.subarray(position, position + length), hash)).toEqual(messages[i]);
    expect(bytes.length).toBeLessThan(800); // compressed
  });

  test('that was cut at any place is told from a whole one', async () => {
    const { bytes } = await segment();
    for (let length = 0; length < bytes.length; length++)
      expect(() => readIndex(bytes.subarray(0, length)), String(length)).toThrow(SegmentError);
  });

  test('with any byte changed gives no other message', async () => {
    const { bytes, frames } = await segment();
    for (let at = 0; at < bytes.length; at++) {
      const broken = Buffer.from(bytes);
      broken[at]! ^= 0x10;
      for (const [i, { sha256: hash, position, length }] of frames.entries()) {
        const raw = await decodeFrame(broken.subarray(position, position + length), hash).catch(
          (error: unknown) => error,
        );
        if (Buffer.isBuffer(raw)) expect(raw).toEqual(messages[i]);
        else expect(raw).toBeInstanceOf(SegmentError);
      }
    }
  });

  test('of a version to come is refused, not misread', async () => {
    const frame = await encodeFrame(sha256(messages[0]!), messages[0]!);
    frame.writeUInt8(1, 4);
    expect(await failure(decodeFrame(frame, sha256(messages[0]!)))).toMatchObject({
      message: 'the frame is of a newer version',
    });
  });
});
