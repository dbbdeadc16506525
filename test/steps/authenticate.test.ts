import { describe, expect, test } from 'vitest';
import type { StepSpec } from '../../src/api/email-pipeline.ts';
import type { AuthenticateSpec } from '../../src/api/kinds/authenticate.ts';
import type { Authentication } from '../../src/message/authentication/authentication.ts';
import { messageTypes, toDocument } from '../../src/message/fields.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { compileSteps, runSteps } from '../../src/steps/registry.ts';
import type { Arrival, StepEnvironment } from '../../src/steps/step.ts';
import { signed, signingKey, txt } from '../message/authentication/signed.ts';

const now = new Date('2026-11-01T12:00:00Z');
const { signal } = new AbortController();
const body = 'From: Ann <ann@a.example>\r\nSubject: Hello\r\nDate: Sun, 1 Nov 2026 11:59:00 +0000\r\n\r\nHello.\r\n';
const trace =
  'Return-Path: <ann@a.example>\r\nReceived: from mail.a.example (mail.a.example [192.0.2.1])\r\n\tby mx.b.example with ESMTPS; Sun, 1 Nov 2026 11:59:30 +0000\r\n';
const results =
  'Authentication-Results: mx.b.example;\r\n\tspf=pass smtp.mailfrom=ann@a.example;\r\n\tdkim=pass header.d=a.example header.s=s1;\r\n\tdmarc=pass policy.dmarc=reject header.from=a.example\r\n';
const trust: AuthenticateSpec = { trust: ['mx.b.example'] };
const live: AuthenticateSpec = { ...trust, receivedBy: ['mx.b.example'], live: { zoneSecretRef: { name: 'zones' } } };

/** The document of a message behind steps, prepared where they ask. */
async function process(raw: string, steps: readonly StepSpec[], environment?: StepEnvironment, receivedAt = now) {
  const compiled = compileSteps(steps, messageTypes, environment);
  if (!compiled.ok) throw new Error(compiled.issues.map(({ message }) => message).join());
  const bytes = Buffer.from(raw, 'latin1');
  const sighting = { id: 'id', source: 's', account: 'a', folder: 'f', receivedAt, size: 1, rawSha256: '', flags: [] };
  const document = toDocument(await parseMessage(bytes), sighting);
  const arrival: Arrival = { raw: bytes, receivedAt };
  const prepared = new Map();
  for (const step of compiled.steps) if (step.prepare) prepared.set(step.name, await step.prepare(arrival, signal));
  return runSteps(compiled.steps, document, prepared);
}

async function authenticate(raw: string, spec: AuthenticateSpec, environment?: StepEnvironment, receivedAt?: Date) {
  const outcome = await process(raw, [{ name: 'auth', authenticate: spec }], environment, receivedAt);
  if (outcome.outcome !== 'pass') throw new Error(outcome.outcome);
  // The step makes it so.
  return outcome.document.authentication as Authentication;
}

describe('expressions on the result', () => {
  const told = (set: Record<string, string>): readonly StepSpec[] => [
    { name: 'auth', authenticate: trust },
    { name: 'told', set },
  ];

  test('know its members and their types', async () => {
    const steps = told({
      spf: 'authentication.spf.result',
      signers: 'authentication.dkim.map(d, d.domain)',
      extra: 'authentication.dkim.all(d, d.unsignedBytes == 0)',
      aligned: 'authentication.dmarc.alignment.dkim',
      dmarc: 'authentication.dmarc',
      copy: 'authentication',
    });
    const compiled = compileSteps(steps, messageTypes);
    if (!compiled.ok) throw new Error(compiled.issues.map(({ message }) => message).join());
    const types = Object.fromEntries([...compiled.types].slice(-7));
    expect(types).toEqual({
      authentication: 'authentication',
      spf: 'string',
      signers: 'list<string>',
      extra: 'bool',
      aligned: 'string',
      dmarc: 'dyn',
      copy: 'authentication',
    });
    const outcome = await process(results + trace + body, steps);
    if (outcome.outcome !== 'pass') throw new Error(outcome.outcome);
    const { document } = outcome;
    expect(document).toMatchObject({ spf: 'pass', signers: ['a.example'], extra: true, aligned: '' });
    expect(document.dmarc).toEqual({
      result: 'pass',
      policy: 'reject',
      domain: 'a.example',
      alignment: { spf: '', dkim: '' },
    });
    expect(document.copy).toEqual(document.authentication);
  });

  test('that name a member that is not there do not compile', () => {
    const compiled = compileSteps(told({ spf: 'authentication.sfp.result' }), messageTypes);
    expect(compiled.ok ? [] : compiled.issues.map(({ message }) => message)).toEqual([expect.stringContaining('sfp')]);
  });
});

describe('trusted results', () => {
  test('become a field', async () => {
    expect(await authenticate(results + trace + body, trust)).toEqual({
      source: 'trusted',
      server: 'mx.b.example',
      reason: '',
      spf: { result: 'pass', domain: 'a.example' },
      dkim: [{ result: 'pass', domain: 'a.example', selector: 's1', unsignedBytes: 0 }],
      dmarc: { result: 'pass', policy: 'reject', domain: 'a.example', alignment: { spf: '', dkim: '' } },
      arc: { result: 'unverifiable', instance: 0, domain: '' },
    });
  });

  test.each([
    ['spf=pass smtp.helo=evil.example; spf=fail smtp.mailfrom=ann@a.example', { result: 'fail', domain: 'a.example' }],
    ['spf=pass smtp.mailfrom=<> smtp.helo=mail.a.example', { result: 'pass', domain: 'mail.a.example' }],
    ['spf=pass smtp.helo=mail.a.example', { result: 'pass', domain: 'mail.a.example' }],
    ['spf=hardfail smtp.mailfrom=a.example', { result: 'fail', domain: 'a.example' }],
    ['dkim=hardfail header.d=a.example', { result: 'unverifiable', domain: '' }],
  ])('of SPF are those of the envelope sender: %s', async (said, spf) => {
    const result = await authenticate(`Authentication-Results: mx.b.example; ${said}\r\n${trace}${body}`, trust);
    expect(result).toMatchObject({ source: 'trusted', spf });
    expect(result.dkim[0]?.result).toBe(said.startsWith('dkim') ? 'fail' : 'unverifiable');
  });

  test('of nobody whom we trust are unverifiable, not failed', async () => {
    const result = await authenticate(results.replace('mx.b', 'mx.evil') + trace + body, trust);
    expect(result).toMatchObject({ source: 'none', reason: 'NoTrustedResults' });
    expect([result.spf, ...result.dkim, result.dmarc, result.arc].map((each) => each.result)).toEqual(
      Array(4).fill('unverifiable'),
    );
  });

  test('can be used in expressions', async () => {
    const auth: StepSpec = { name: 'auth', authenticate: { ...trust, field: 'proof' } };
    const wanted: StepSpec = {
      name: 'wanted',
      filter: 'proof.dmarc.result == "pass" && proof.dkim.exists(d, d.result == "pass" && d.domain == from.domain)',
    };
    expect(await process(results + trace + body, [auth, wanted])).toMatchObject({ outcome: 'pass' });
    expect(await process(trace + body, [auth, wanted])).toEqual({ outcome: 'drop', step: 'wanted' });
  });

  test('need the header, and say so', () => {
    const steps: StepSpec[] = [
      { name: 'slim', unset: ['rawHeaders'] },
      { name: 'auth', authenticate: trust },
    ];
    expect(compileSteps(steps, messageTypes)).toMatchObject({
      ok: false,
      issues: [{ path: 'spec.steps[1].authenticate' }],
    });
    const compiled = compileSteps(steps.slice(1), messageTypes);
    expect(compiled).toMatchObject({ ok: true });
    expect(compiled.ok && compiled.uses.has('rawHeaders')).toBe(true);
    expect(compiled.ok && compiled.steps[0]?.prepare).toBeUndefined();
  });
});

describe('live checks', () => {
  const key = signingKey();
  const zone = [
    txt('a.example', 'v=spf1 ip4:192.0.2.1 -all'),
    txt('_dmarc.a.example', 'v=DMARC1; p=quarantine'),
    txt('s1._domainkey.a.example', key.record),
  ].join('\n');
  const environment: StepEnvironment = {
    clock: () => now,
    secret: async (name, at) => (name === 'zones' && at === 'zone' ? zone : ''),
  };
  const days = (count: number) => new Date(now.getTime() - count * 86_400_000);

  test('of fresh mail use the border and the envelope', async () => {
    const raw = trace + (await signed(body, { domain: 'a.example', privateKey: key.privateKey }));
    expect(await authenticate(raw, live, environment, days(2.9))).toMatchObject({
      source: 'live',
      spf: { result: 'pass', domain: 'a.example' },
      dkim: [{ result: 'pass', domain: 'a.example' }],
      dmarc: { result: 'pass', policy: 'quarantine' },
    });
    const forged = trace.replace('192.0.2.1', '203.0.113.1') + body;
    expect(await authenticate(forged, live, environment)).toMatchObject({
      spf: { result: 'fail' },
      dmarc: { result: 'fail' },
    });
  });

  test('come after what a trusted server says, and where it says nothing', async () => {
    expect(await authenticate(trace + results + body, live, environment)).toMatchObject({ source: 'trusted' });
    const none = 'Authentication-Results: mx.b.example 1; none\r\n';
    expect(await authenticate(none + trace + body, live, environment)).toMatchObject({ source: 'live' });
  });

  test('take the envelope from above the border alone, what stands below may be the sender’s', async () => {
    const [path = '', ...received] = trace.split(/(?<=\r\n)(?! |\t)/);
    expect(await authenticate(received.join('') + path + body, live, environment)).toMatchObject({
      source: 'live',
      spf: { result: 'unverifiable', domain: '' },
    });
  });

  test.each([
    ['old mail', trace + body, days(3), 'TooOld'],
    ['mail from the future', trace + body, days(-1), 'TooOld'],
    ['mail that another server received', trace.replace('by mx.b', 'by mx.c') + body, now, 'UnknownClient'],
    ['mail without a trace', body, now, 'UnknownClient'],
    ['mail of a private address', trace.replace('192.0.2.1', '10.0.0.1') + body, now, 'UnknownClient'],
    ['mail that a host of ours hands on', trace.replace('mail.a.example', 'MX.b.example') + body, now, 'UnknownClient'],
  ])('of %s are unverifiable', async (_, raw, receivedAt, reason) => {
    expect(await authenticate(raw, live, environment, receivedAt)).toMatchObject({
      source: 'none',
      reason,
      spf: { result: 'unverifiable' },
      dkim: [{ result: 'unverifiable' }],
      dmarc: { result: 'unverifiable' },
      arc: { result: 'unverifiable' },
    });
  });

  test('stop at a zone file that is wrong, and go on when it is mended', async () => {
    let text = 'not a zone';
    const compiled = compileSteps([{ name: 'auth', authenticate: live }], messageTypes, {
      clock: () => now,
      secret: async () => text,
    });
    const prepare = compiled.ok ? compiled.steps[0]?.prepare : undefined;
    const arrival = { raw: Buffer.from(trace + body), receivedAt: now };
    await expect(prepare?.(arrival, signal)).rejects.toMatchObject({ code: 'ZONE_FILE_INVALID', family: 'Stalled' });
    text = zone;
    await expect(prepare?.(arrival, signal)).resolves.toBeTypeOf('function');
  });

  test('belong to those who run the steps alone', () => {
    const compiled = compileSteps([{ name: 'auth', authenticate: live }], messageTypes);
    expect(compiled.ok && compiled.steps[0]?.prepare).toBeUndefined();
  });
});
