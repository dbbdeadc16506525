import { request } from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server answers; a test asserts what it needs
  readonly body: any;
}

export interface Question {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly ca: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
}

/** One JSON request; `body` objects are sent as JSON, strings as YAML. Never throws on an HTTP status. */
export function call({ method, url, token, ca, body, contentType }: Question): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const type = contentType ?? (typeof body === 'string' ? 'application/yaml' : 'application/json');
  const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': type };
  const outgoing = request(url, { method, headers, ca, timeout: 30_000, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const answer = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, body: answer.startsWith('{') ? JSON.parse(answer) : answer });
    });
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer in 30 s`)));
  outgoing.on('error', reject);
  outgoing.end(text);
  return promise;
}
