import { expect, test } from 'vitest';
import {
  configMaps,
  cronJobs,
  deployments,
  emailPipelines,
  jobs,
  mailboxSources,
} from '../../src/kubernetes/objects.ts';
import { eventually } from '../support/processes.ts';
import { operatorAtWork } from './at-work.ts';
import { signal, write } from './cluster.ts';
import { imapSpec, messageOf } from './fixtures.ts';
import { controller } from './tenants.ts';

const { bench, tenant, pipeline, conditionsOf, has, list, becomeReady, quiet } = operatorAtWork();

test('a pipeline whose children would have names of another one’s starts nothing, says whose, and goes on when they are free', async () => {
  const ns = 'namesakes';
  const schedule = '0 2 * * *';
  await tenant(ns);
  // Those that read one source wake each other anyway.
  const metadata = { name: 'other', namespace: ns };
  const other = { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata, spec: imapSpec };
  await bench().client.create(mailboxSources, other, write);
  await pipeline(ns, 'mail', { reconcile: { schedule } });
  await has(ns, 'mail', 'Stalled=False/NotStalled');
  await pipeline(ns, 'mail-reconcile', { schedule, source: { name: 'other' } });
  await has(ns, 'mail-reconcile', 'Stalled=True/NameTaken', 'Ready=False/NameTaken', 'Valid=False/NameTaken');
  expect(messageOf(await conditionsOf(ns, 'mail-reconcile'), 'Stalled')).toContain(
    'the CronJob mail-reconcile belongs to EmailPipeline "mail" (by its spec.reconcile) as well as to this EmailPipeline (give one of the two another name',
  );
  const children = async () =>
    (await Promise.all([configMaps, deployments, cronJobs, jobs].map((type) => list(type, ns))))
      .flat()
      .flatMap((child) => controller(child) ?? []);
  expect((await children()).filter((owner) => owner === 'EmailPipeline/mail-reconcile')).toEqual([]);
  // The one that was there first does not notice.
  await has(ns, 'mail', 'Stalled=False/NotStalled');
  await bench().client.delete(emailPipelines, { namespace: ns, name: 'mail' }, write);
  await has(ns, 'mail-reconcile', 'Stalled=False/NotStalled', 'Ready=False/Checking', 'Valid=True/Valid');
}, 60_000);

test('a Deployment and a CronJob of one name leave each other alone', async () => {
  const ns = 'apart';
  await tenant(ns);
  await pipeline(ns, 'mail', { reconcile: { schedule: '0 3 * * *' } });
  await becomeReady(ns, 'mail');
  const compared = () => bench().client.find(cronJobs, { namespace: ns, name: 'mail-reconcile' }, { signal });
  const made = await eventually(compared);
  await pipeline(ns, 'mail-reconcile');
  await becomeReady(ns, 'mail-reconcile');
  await quiet();
  expect((await compared())?.metadata.uid).toBe(made.metadata.uid);
  await has(ns, 'mail', 'Ready=True/RolledOut');
  await has(ns, 'mail-reconcile', 'Ready=True/RolledOut');
}, 90_000);
