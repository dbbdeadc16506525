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

export const tooLarge = (limit: number) =>
  new HttpAnswer(413, `the message has more than ${limit} bytes, the limit here`);
/** RFC 6750 §3: the error is told to those alone who have sent a token. */
export const unauthorised = (sent: boolean) =>
  sent
    ? new HttpAnswer(401, 'this bearer token is not, or no longer, one of those that may post here', {
        'www-authenticate': 'Bearer error="invalid_token"',
      })
    : new HttpAnswer(401, 'a bearer token is needed: Authorization: Bearer TOKEN', { 'www-authenticate': 'Bearer' });
export const busy = () => new HttpAnswer(429, 'too many messages at once; try again', again(1));
export const full = () => new HttpAnswer(429, 'no room for more mail now; try again', again(60));
export const storeDown = () => new HttpAnswer(503, 'mail cannot be stored now; try again', again(5));
export const ending = () =>
  new HttpAnswer(503, 'this server is ending; try again', { ...again(1), connection: 'close' });
export const keyReused = () =>
  new HttpAnswer(422, 'this Idempotency-Key came with another message before; give each message a key of its own');
