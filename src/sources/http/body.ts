import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import busboy from 'busboy';
import type { Reception } from '../kept/intake.ts';
import { busy, HttpAnswer, tooLarge } from './answers.ts';

/** What a form may have beside the message. */
const formBytes = 2 ** 20;
const formParts = 32;

/** The client went away in the middle: nobody hears an answer. */
export class Gone extends Error {}

/** The chunks of a body to its end. Throws Gone when it is cut off. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    // A body that is refused must not take the connection with it, which the answer needs.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    throw new Gone('the connection ended before the body did', { cause: error });
  }
  if (!request.complete) throw new Gone('the connection ended before the body did');
}

function checked(reception: Reception, chunk: Buffer, limit: number): void {
  const state = reception.add(chunk);
  if (state === 'TooLarge') throw tooLarge(limit);
  if (state === 'Busy') throw busy();
}

/** Receives a body of `message/rfc822`. Throws an HttpAnswer or Gone. */
export async function receivePlain(request: IncomingMessage, reception: Reception, limit: number): Promise<void> {
  for await (const chunk of chunksOf(request)) checked(reception, chunk, limit);
  if (reception.bytes === 0) throw new HttpAnswer(400, 'the body is empty; it is the message');
}

/** Receives the part `message` of a form, a file or a field of at most 1 MiB. Throws an HttpAnswer or Gone. */
export async function receiveForm(request: IncomingMessage, reception: Reception, limit: number): Promise<void> {
  let failure: Error | undefined;
  let found = 0;
  const fail = (error: Error) => {
    failure ??= error;
  };
  const take = (chunk: Buffer) => {
    try {
      checked(reception, chunk, limit);
    } catch (error) {
      if (error instanceof Error) fail(error);
    }
  };
  const parser = openParser(request);
  parser.on('file', (name, stream) => {
    if (name === 'message') found += 1;
    stream.on('data', name === 'message' ? take : () => undefined);
  });
  parser.on('field', (name, value, { valueTruncated }) => {
    if (name !== 'message') return;
    found += 1;
    if (valueTruncated)
      fail(new HttpAnswer(413, 'a message of more than 1 MiB must be a file of the form, not a field'));
    take(Buffer.from(value, 'latin1'));
  });
  parser.on('partsLimit', () => fail(new HttpAnswer(400, `the form has more than ${formParts} parts`)));
  parser.on('error', () => fail(new HttpAnswer(400, 'the form is broken')));
  const closed = once(parser, 'close').catch(() => undefined); // its error was taken above
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length;
    if (bytes > limit + formBytes) throw tooLarge(limit);
    if (failure) throw failure;
    if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), closed]);
  }
  parser.end();
  await closed;
  if (failure) throw failure;
  if (found !== 1)
    throw new HttpAnswer(400, `the form has ${found === 0 ? 'no part' : 'several parts'} named message; it needs one`);
  if (reception.bytes === 0) throw new HttpAnswer(400, 'the part named message is empty');
}

function openParser({ headers }: IncomingMessage): busboy.Busboy {
  try {
    return busboy({
      headers,
      // Fields are decoded, and a message is bytes: in Latin-1 they stay what they are.
      defCharset: 'latin1',
      limits: { parts: formParts, headerPairs: 64, fieldSize: formBytes },
    });
  } catch {
    throw new HttpAnswer(400, 'the Content-Type has no boundary of the form');
  }
}
