import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../support/certificates.ts';
import { keptRows, type Running, startCollector } from '../../support/collector.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { SmtpClient } from '../../support/smtp-client.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
let dir: string;
let ca: string;
const running: Running[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-certificates-'));
  ({ ca } = await makeCertificates(dir, ['localhost']));
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});
afterAll(async () => {
  await postgres?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const file = (name: string) => fs.readFileSync(path.join(dir, name), 'utf8');

async function start(smtp: object) {
  const storeUri = await postgres.createDatabase();
  const started = await startCollector(
    { smtp: { recipients: ['*@desk.example.org'], ...smtp } },
    {
      storeUri,
      secrets: {
        'cert/tls.crt': file('server.crt'),
        'cert/tls.key': file('server.key'),
        'login/username': 'gateway',
        'login/password': 'correct horse',
      },
    },
  );
  running.push(started);
  return { ...started, storeUri };
}

const hello = async (client: SmtpClient) => client.say('EHLO client.example.org');
const plain = (user: string, password: string) => Buffer.from(`\0${user}\0${password}`).toString('base64');
const tls = { certificateSecretRef: { name: 'cert' } };

describe('STARTTLS', () => {
  test('is offered; the envelope says so, and what was said before it does not count', async () => {
    const { port, storeUri } = await start({ tls });
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await hello(client)).toMatch(/STARTTLS/);
    expect(await client.say('STARTTLS')).toMatch(/^220/);
    await client.startTls(ca);
    expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^503/);
    expect(await hello(client)).not.toMatch(/STARTTLS/);
    for (const command of ['MAIL FROM:<ann@example.org>', 'RCPT TO:<a@desk.example.org>', 'DATA'])
      await client.say(command);
    client.message(message(1));
    expect(await client.reply()).toMatch(/^250/);
    client.end();
    const [row] = await keptRows(storeUri);
    expect(row).toMatchObject({ envelope: { tls: expect.stringMatching(/^TLSv1\.[23]$/) } });
    expect(String(row?.prefix)).toMatch(/with ESMTPS \(TLSv1/);
  });

  test('may be required; commands that came along with it in the clear are dropped', async () => {
    const { port } = await start({ tls: { ...tls, required: true } });
    const client = await SmtpClient.connect(port);
    await client.reply();
    await hello(client);
    expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^530 5/);
    client.write('STARTTLS\r\nEHLO injected.example.org\r\nMAIL FROM:<evil@example.org>\r\n');
    expect(await client.reply()).toMatch(/^220/);
    await client.startTls(ca);
    expect(await hello(client)).toMatch(/^250/);
    expect(await client.say('RCPT TO:<a@desk.example.org>')).toMatch(/^503/);
    client.end();
  });

  test('is not there without a certificate, and neither is a login', async () => {
    const { port } = await start({});
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await hello(client)).not.toMatch(/STARTTLS|AUTH/);
    expect(await client.say('STARTTLS')).toMatch(/^50/);
    expect(await client.say(`AUTH PLAIN ${plain('gateway', 'correct horse')}`)).toMatch(/^50/);
    client.end();
  });
});

test('a login is needed where there is one, over TLS alone; PLAIN and LOGIN', async () => {
  const { port, collector } = await start({ tls, auth: { secretRef: { name: 'login' } } });
  const client = await SmtpClient.connect(port);
  await client.reply();
  expect(await hello(client)).not.toMatch(/AUTH/);
  expect(await client.say(`AUTH PLAIN ${plain('gateway', 'correct horse')}`)).toMatch(/^5/);
  expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^530 5/);
  await client.say('STARTTLS');
  await client.startTls(ca);
  expect(await hello(client)).toMatch(/AUTH.*LOGIN.*PLAIN|AUTH.*PLAIN.*LOGIN/);
  expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^530 5/);
  expect(await client.say(`AUTH PLAIN ${plain('gateway', 'wrong')}`)).toMatch(/^535 5/);
  expect(await client.say(`AUTH PLAIN ${plain('', '')}`)).toMatch(/^5/);
  expect(await client.say('AUTH LOGIN')).toMatch(/^334/);
  expect(await client.say(Buffer.from('gateway').toString('base64'))).toMatch(/^334/);
  expect(await client.say(Buffer.from('correct horse').toString('base64'))).toMatch(/^235/);
  expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^250/);
  client.end();
  expect(collector.status().counters.refused).toBeGreaterThanOrEqual(1);
});

test('a certificate that is replaced holds for new connections; one that is none leaves the old', async () => {
  const { port, secrets, collector } = await start({ tls });
  const upgrade = async (authority: string) => {
    const client = await SmtpClient.connect(port);
    await client.reply();
    await hello(client);
    await client.say('STARTTLS');
    await client.startTls(authority);
    client.end();
  };
  await upgrade(ca);
  const other = path.join(dir, 'other');
  const { ca: otherCa } = await makeCertificates(other, ['localhost']);
  secrets['cert/tls.crt'] = fs.readFileSync(path.join(other, 'server.crt'), 'utf8');
  await collector.refresh(); // certificate and key do not belong together yet
  expect(collector.status().stalled).toMatchObject({ code: 'LISTENER_CERTIFICATE_INVALID' });
  await upgrade(ca);
  secrets['cert/tls.key'] = fs.readFileSync(path.join(other, 'server.key'), 'utf8');
  await collector.refresh();
  expect(collector.status().stalled).toBeUndefined();
  await upgrade(otherCa);
});

test('the PROXY protocol tells the address of the client, from a load balancer that is named alone', async () => {
  const { port, storeUri } = await start({ proxyProtocolFrom: ['127.0.0.1'] });
  const client = await SmtpClient.connect(port);
  client.write('PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n');
  await client.envelope(['a@desk.example.org']);
  client.message(message(1));
  expect(await client.reply()).toMatch(/^250/);
  client.end();
  expect(await keptRows(storeUri)).toMatchObject([{ envelope: { clientAddress: '192.0.2.7' } }]);
  const other = await start({ proxyProtocolFrom: ['192.0.2.1'] });
  const liar = await SmtpClient.connect(other.port);
  await liar.reply();
  expect(await liar.say('PROXY TCP4 192.0.2.7 192.0.2.1 40000 25')).toMatch(/^5/);
  liar.end();
});
