export interface Permission {
  readonly apiGroup: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

const own = ['create', 'delete', 'get', 'list', 'patch', 'watch'];
const read = ['get', 'list', 'watch'];

export const permissions: readonly Permission[] = [
  { apiGroup: 'mailmill.io', resource: 'mailboxsources', verbs: read },
  { apiGroup: 'mailmill.io', resource: 'emailpipelines', verbs: read },
  { apiGroup: 'mailmill.io', resource: 'emailpipelineruns', verbs: read },
  { apiGroup: 'mailmill.io', resource: 'mailboxsources/status', verbs: ['patch'] },
  { apiGroup: 'mailmill.io', resource: 'emailpipelines/status', verbs: ['patch'] },
  { apiGroup: 'mailmill.io', resource: 'emailpipelineruns/status', verbs: ['patch'] },
  { apiGroup: '', resource: 'configmaps', verbs: own },
  { apiGroup: 'apps', resource: 'deployments', verbs: own },
  { apiGroup: 'batch', resource: 'cronjobs', verbs: own },
  { apiGroup: 'batch', resource: 'jobs', verbs: own },
  { apiGroup: 'networking.k8s.io', resource: 'networkpolicies', verbs: own },
  { apiGroup: 'policy', resource: 'poddisruptionbudgets', verbs: own },
  { apiGroup: '', resource: 'services', verbs: own },
  { apiGroup: '', resource: 'pods', verbs: read },
  { apiGroup: 'events.k8s.io', resource: 'events', verbs: ['create', 'patch'] },
];

export const secretPermissions: readonly Permission[] = [{ apiGroup: '', resource: 'secrets', verbs: read }];

export const leaderPermissions: readonly Permission[] = [
  { apiGroup: 'coordination.k8s.io', resource: 'leases', verbs: ['create', 'get', 'update'] },
];
