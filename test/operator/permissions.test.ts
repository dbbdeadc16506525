import { expect, test } from 'vitest';
import { leaderPermissions, type Permission, permissions, secretPermissions } from '../../src/operator/permissions.ts';

const lines = (table: readonly Permission[]) =>
  table.map(
    ({ apiGroup, resource, verbs }) => `${[resource, apiGroup].join('.').replace(/\.$/, '')}: ${verbs.join(' ')}`,
  );

// Written down once more: whoever grants the operator anything else has to say so here, too. That the chart grants just this is tested with Helm.
test('what the operator may do, verb by verb', () => {
  expect(lines(permissions)).toEqual([
    'mailboxsources.mailmill.io: get list watch',
    'emailpipelines.mailmill.io: get list watch',
    'emailpipelineruns.mailmill.io: get list watch',
    'mailboxsources/status.mailmill.io: patch',
    'emailpipelines/status.mailmill.io: patch',
    'emailpipelineruns/status.mailmill.io: patch',
    'configmaps: create delete get list patch watch',
    'deployments.apps: create delete get list patch watch',
    'cronjobs.batch: create delete get list patch watch',
    'jobs.batch: create delete get list patch watch',
    'networkpolicies.networking.k8s.io: create delete get list patch watch',
    'poddisruptionbudgets.policy: create delete get list patch watch',
    'services: create delete get list patch watch',
    'pods: get list watch',
    'events.events.k8s.io: create patch',
  ]);
  expect(lines(secretPermissions)).toEqual(['secrets: get list watch']);
  expect(lines(leaderPermissions)).toEqual(['leases.coordination.k8s.io: create get update']);
});
