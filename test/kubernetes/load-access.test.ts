import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileAccess } from '../../src/kubernetes/access.ts';
import { loadAccess } from '../../src/kubernetes/load-access.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mailmill-access-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const write = async (name: string, content: unknown) => {
  await mkdir(join(dir, name, '..'), { recursive: true });
  await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(dir, name);
};
const kubeconfig = (user: object, cluster: object = {}) => ({
  clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443', ...cluster } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'mail' } }],
  'current-context': 'x',
});
const nowhere = '/nowhere';

describe('a kubeconfig', () => {
  test('with a token and files beside it', async () => {
    await write('ca.pem', 'CA');
    const user = { token: 't', 'client-certificate-data': btoa('CERT'), 'client-key-data': btoa('KEY') };
    const KUBECONFIG = await write(
      'config',
      kubeconfig(user, { 'certificate-authority': 'ca.pem', 'tls-server-name': 's' }),
    );
    const access = await loadAccess({ KUBECONFIG }, nowhere);
    expect([access.server.href, access.namespace]).toEqual(['https://api.example:6443/', 'mail']);
    expect(await access.credentials()).toEqual({
      headers: { authorization: 'Bearer t' },
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 's', rejectUnauthorized: undefined },
    });
  });

  test('in the home directory', async () => {
    await write('.kube/config', kubeconfig({ token: 'home' }));
    const access = await loadAccess({ HOME: dir, KUBERNETES_SERVICE_HOST: '10.0.0.1' }, nowhere);
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer home' });
  });

  test('with a credential plugin, or in two files, is left to the client library', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'made' },
    };
    const plugin = await write('plugin', `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    const one = await write('one', kubeconfig({ exec }));
    const other = await write('other', { clusters: [], users: [], contexts: [] });
    for (const KUBECONFIG of [one, `${one}:${other}`]) {
      const access = await loadAccess({ KUBECONFIG }, nowhere);
      expect(access.server.href).toBe('https://api.example:6443/');
      expect((await access.credentials()).headers).toMatchObject({ Authorization: 'Bearer made' });
    }
  });

  test.each([
    ['is missing', undefined],
    ['is no YAML', 'a: [b'],
    ['is no map', '- a'],
    ['names no context', { ...kubeconfig({}), 'current-context': 'other' }],
    ['names no server', kubeconfig({}, { server: '' })],
  ])('that %s is an error that names the file', async (_, content) => {
    const KUBECONFIG = content === undefined ? join(dir, 'absent') : await write('config', content);
    await expect(loadAccess({ KUBECONFIG }, nowhere)).rejects.toMatchObject({
      code: 'KUBECONFIG_INVALID',
      message: expect.stringContaining(KUBECONFIG),
    });
  });
});

describe('a pod', () => {
  test('uses its service account', async () => {
    await write('token', 'pod\n');
    await write('ca.crt', 'CA');
    await write('namespace', 'mailmill');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const access = await loadAccess(env, dir);
    expect([access.server.href, access.namespace]).toEqual(['https://[fd00::1]:6443/', 'mailmill']);
    expect(await access.credentials()).toMatchObject({ headers: { authorization: 'Bearer pod' }, tls: { ca: 'CA' } });
  });

  test('reads a renewed token within a minute', async () => {
    let now = 0;
    const tokenFile = await write('token', 'first');
    const access = fileAccess({ server: 'https://api', tokenFile }, () => now);
    const token = async () => (await access.credentials()).headers.authorization;
    expect(await token()).toBe('Bearer first');
    await write('token', 'second');
    now = 59_999;
    expect(await token()).toBe('Bearer first');
    now = 60_000;
    expect(await token()).toBe('Bearer second');
  });
});

test('no way to the API server is an error that says what to do', async () => {
  await expect(loadAccess({ HOME: dir }, nowhere)).rejects.toMatchObject({
    code: 'KUBERNETES_ACCESS_MISSING',
    message: expect.stringContaining('set KUBECONFIG'),
  });
});
