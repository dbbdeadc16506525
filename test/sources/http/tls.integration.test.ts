import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from '../../support/certificates.ts';
import { keptRows, startCollector } from '../../support/collector.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
let dir: string;
beforeAll(async () => {
  postgres = await startPostgres();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-certificates-'));
});
afterAll(async () => {
  await postgres?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

/** Posts over TLS; the status, or the code of the error. */
const post = (port: number, ca: string, raw: Buffer) =>
  new Promise<number | string | undefined>((resolve) => {
    const headers = { authorization: 'Bearer t', 'content-type': 'message/rfc822' };
    const request = https.request({
      host: 'localhost',
      port,
      path: '/messages',
      method: 'POST',
      ca,
      headers,
      agent: false,
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    request.end(raw);
  });

test('takes messages over TLS, and a renewed certificate without a restart', async () => {
  const [first, second] = await Promise.all(
    ['first', 'second'].map((name) => makeCertificates(path.join(dir, name), ['localhost'])),
  );
  const file = (...names: string[]) => fs.readFileSync(path.join(dir, ...names), 'utf8');
  const storeUri = await postgres.createDatabase();
  const http = { auth: { secretRef: { name: 'push' } }, tls: { certificateSecretRef: { name: 'cert' } } };
  const secrets: Record<string, string> = {
    'push/token': 't',
    'cert/tls.crt': file('first', 'server.crt'),
    'cert/tls.key': file('first', 'server.key'),
  };
  const running = await startCollector({ http }, { storeUri, secrets });
  try {
    expect(await post(running.port, first!.ca, message(1))).toBe(202);
    expect(await keptRows(storeUri)).toMatchObject([{ envelope: { tls: expect.stringMatching(/^TLSv1/) } }]);
    secrets['cert/tls.crt'] = file('second', 'server.crt');
    secrets['cert/tls.key'] = file('second', 'server.key');
    await running.collector.refresh();
    expect(await post(running.port, first!.ca, message(2))).not.toBe(202);
    expect(await post(running.port, second!.ca, message(2))).toBe(202);
  } finally {
    await running.stop();
  }
});
