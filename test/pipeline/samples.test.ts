import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { EmailPipeline, MailboxSource, MailmillResource } from '../../src/api/resources.ts';
import { fieldsNamed, messageTypes, sha256, toDocument } from '../../src/message/fields.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { compilePipeline } from '../../src/pipeline/revision/compile.ts';
import { neededFields } from '../../src/pipeline/revision/needed-fields.ts';
import { compileSteps, type RunOutcome, runSteps } from '../../src/steps/registry.ts';

const samples = new URL('../../manifests/samples/', import.meta.url);

function resources(directory: string): readonly MailmillResource[] {
  const files = readdirSync(new URL(directory, samples)).filter((file) => file.endsWith('.yaml'));
  return files.flatMap(
    (file) => loadAll(readFileSync(new URL(`${directory}${file}`, samples), 'utf8')) as MailmillResource[],
  );
}
const sourcesOf = (all: readonly MailmillResource[]) =>
  all.filter((r): r is MailboxSource => r.kind === 'MailboxSource');
const pipelinesOf = (all: readonly MailmillResource[]) =>
  all.filter((r): r is EmailPipeline => r.kind === 'EmailPipeline');

const mailFolders = ['cur', 'new', '.Archive/cur', '.Archive.2023/cur'];
const mail = mailFolders.flatMap((folder) => {
  const url = new URL(`demo/mail/${folder}/`, samples);
  return readdirSync(url)
    .filter((file) => !file.startsWith('.'))
    .map((file) => ({ file, folder, raw: readFileSync(new URL(file.replaceAll(':', '%3A'), url)) }));
});

async function process(name: string): Promise<ReadonlyMap<string, RunOutcome>> {
  const demo = resources('demo/');
  const pipeline = pipelinesOf(demo).find((each) => each.metadata.name === name);
  const steps = compileSteps(pipeline?.spec.steps ?? [], messageTypes);
  if (!steps.ok) throw new Error('does not compile');
  const outcomes = new Map<string, RunOutcome>();
  for (const { file, folder, raw } of mail) {
    const sighting = {
      id: file,
      source: 'support',
      account: 'mail',
      folder,
      receivedAt: new Date(0),
      size: raw.length,
      rawSha256: sha256(raw),
      flags: [],
    };
    outcomes.set(file, runSteps(steps.steps, toDocument(await parseMessage(raw), sighting)));
  }
  return outcomes;
}

describe('the samples', () => {
  it.each([
    ['demo/', 2],
    ['imap/', 2],
    ['bounces/', 1],
    ['mbox/', 1],
    ['s3/', 1],
    ['archive/', 2],
    ['smtp/', 1],
    ['http/', 1],
  ])('in %s compile', (directory, least) => {
    const all = resources(directory);
    expect(pipelinesOf(all).length).toBeGreaterThanOrEqual(least);
    for (const pipeline of pipelinesOf(all))
      expect(compilePipeline(pipeline, sourcesOf(all))).toMatchObject({ ok: true });
  });

  it('never write suspend or replicas, which self-healing would turn back', () => {
    for (const pipeline of pipelinesOf([...resources('demo/'), ...resources('imap/'), ...resources('bounces/')])) {
      expect(Object.keys(pipeline.spec)).not.toContain('suspend');
      expect(Object.keys(pipeline.spec)).not.toContain('replicas');
    }
  });

  it('have at least 60 messages under unique names, and two that are byte for byte the same', () => {
    expect(mail.length).toBeGreaterThanOrEqual(60);
    expect(new Set(mail.map(({ file }) => file.replace(/:.*/, ''))).size).toBe(mail.length);
    const hashes = mail
      .filter(({ folder }) => folder === 'cur')
      .map(({ raw }) => createHash('sha256').update(raw).digest('hex'));
    expect(hashes.length - new Set(hashes).size).toBe(1);
  });

  it('keep their bytes: no line end is converted', () => {
    const has = (pattern: RegExp) => mail.some(({ raw }) => pattern.test(raw.toString('latin1')));
    expect(has(/^[^\n]*\r[^\n]*$/)).toBe(true); // CR alone
    expect(has(/^[^\n]*\r\n/)).toBe(true);
    expect(has(/\0/)).toBe(true);
  });

  it('become documents of everything, whatever is wrong with them', async () => {
    const outcomes = [...(await process('everything')).values()];
    expect(outcomes.every(({ outcome }) => outcome === 'pass')).toBe(true);
  });

  it('give orders, drops and dead letters', async () => {
    const outcomes = [...(await process('orders')).values()];
    const count = (outcome: RunOutcome['outcome']) => outcomes.filter((each) => each.outcome === outcome).length;
    expect({ pass: count('pass'), drop: count('drop'), error: count('error') }).toStrictEqual({
      pass: 20,
      drop: 59,
      error: 3,
    });
    const failed = outcomes.flatMap((each) => (each.outcome === 'error' ? [each.message.split(':')[1]?.trim()] : []));
    expect(failed.sort()).toStrictEqual(['amount', 'items', 'orderNumber']);
  });

  it('tell who failed, why, and whom to stop sending to', () => {
    const [pipeline] = pipelinesOf(resources('bounces/'));
    const steps = compileSteps(pipeline?.spec.steps ?? [], messageTypes);
    if (!steps.ok || pipeline === undefined) throw new Error('does not compile');
    const fields = fieldsNamed(neededFields(pipeline.spec.sinks, steps));
    expect(fields.map(({ name }) => name)).toStrictEqual(['receivedAt', 'subject', 'report']);
    const run = (text: string) => {
      const raw = Buffer.from(text);
      const sighting = { id: '', source: '', account: '', folder: '', receivedAt: new Date(0), size: 0, flags: [] };
      return runSteps(steps.steps, toDocument(parseMessage(raw), { ...sighting, rawSha256: sha256(raw) }, fields));
    };
    const status = (address: string, code: string) =>
      `\nFinal-Recipient: rfc822; ${address}\nAction: failed\nStatus: ${code}\n`;
    const part = (type: string, body: string) => `--b\nContent-Type: ${type}\n\n${body}`;
    const report = (kind: string, ...parts: readonly string[]) =>
      `Subject: back\nContent-Type: multipart/report; report-type=${kind}; boundary=b\n\n${parts.join('')}--b--\n`;
    const original = part('message/rfc822', 'Message-ID: <m1@example.com>\nTo: c@example.org\n\nhello\n');
    const both = `Reporting-MTA: dns; mx.example\n${status('a@example.org', '5.1.1')}${status('b@example.org', '4.2.2')}`;
    expect(run(report('delivery-status', part('message/delivery-status', both), original))).toMatchObject({
      outcome: 'pass',
      document: {
        reasons: ['userunknown', 'mailboxfull'],
        stopSendingTo: ['a@example.org'],
        returned: 'm1@example.com',
      },
    });
    const complaint = part('message/feedback-report', 'Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n');
    expect(run(report('feedback-report', complaint, original))).toMatchObject({
      outcome: 'pass',
      document: { reasons: ['feedback'], stopSendingTo: ['c@example.org'], report: { feedbackType: 'abuse' } },
    });
    expect(run('Subject: x\n\nhello')).toStrictEqual({ outcome: 'drop', step: 'about-our-mail' });
  });
});
