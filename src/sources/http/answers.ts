/** An answer that is no success. */
export class HttpAnswer extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

const again = (seconds: number) => ({ 'retry-after': String(seconds) });

export const tooLarge = () => new HttpAnswer(413, 'the message is larger than the limit of this source');
export const busy = () => new HttpAnswer(429, 'too many messages at once; try again', again(1));
export const full = () => new HttpAnswer(429, 'no room for more mail now; try again', again(60));
export const storeDown = () => new HttpAnswer(503, 'mail cannot be stored now; try again', again(5));
export const ending = () =>
  new HttpAnswer(503, 'this server is ending; try again', { ...again(1), connection: 'close' });
export const keyReused = () =>
  new HttpAnswer(422, 'this Idempotency-Key came with another message before; give each message a key of its own');
