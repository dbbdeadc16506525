import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transitions } from '../../src/operator/conditions.ts';
import { readConfig } from '../../src/operator/config.ts';
import { createKeys } from '../../src/operator/keys.ts';
import { checkJobName, runJobName } from '../../src/operator/names.ts';
import { podTrouble, readRunResult } from '../../src/operator/pods.ts';
import { mergePatch } from '../../src/operator/status-writer.ts';
import { together } from '../../src/operator/together.ts';
import { readStatus } from '../../src/operator/worker-client.ts';
import { at, compiled, pod, terminated, workerStatus } from './fixtures.ts';

describe('keys', () => {
  const keys = createKeys(Buffer.from('0123456789abcdef'));

  test('the token of a pipeline is stable and its own', () => {
    expect(keys.token('a', 'b')).toBe(createKeys(Buffer.from('0123456789abcdef')).token('a', 'b'));
    expect(keys.token('a', 'b')).toMatch(/^[-_A-Za-z0-9]{43}$/);
    expect(new Set([keys.token('a', 'b'), keys.token('a', 'c'), keys.token('b', 'a')]).size).toBe(3);
    expect(keys.tokenSha256('a', 'b')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a hash over Secrets changes with each value and not with their order', () => {
    const one = { name: 's', key: 'a', hmac: '1' };
    const two = { name: 's', key: 'b', hmac: '2' };
    expect(keys.combined([one, two])).toBe(keys.combined([two, one]));
    expect(keys.combined([one, { ...two, hmac: '3' }])).not.toBe(keys.combined([one, two]));
    expect(keys.value('n', one, Buffer.from('x'))).not.toBe(keys.value('m', one, Buffer.from('x')));
  });
});

test('names of Jobs fit a label, however long the names are that they come from', () => {
  expect(checkJobName('p'.repeat(40), 'r'.repeat(10), 'h', 'image').length).toBeLessThanOrEqual(63);
  expect(runJobName('p'.repeat(40), 'r'.repeat(40), 'h').length).toBeLessThanOrEqual(63);
});

test('a merge patch holds what differs, and null for what is gone', () => {
  expect(mergePatch({ a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } })).toBeUndefined();
  expect(mergePatch({ a: 1, b: { c: 2, d: 3 }, e: [1] }, { b: { c: 2, d: 4 }, e: [1, 2] })).toEqual({
    a: null,
    b: { d: 4 },
    e: [1, 2],
  });
});

describe('why a pod does not run', () => {
  const waiting = (reason: string, message?: string) => ({
    containerStatuses: [
      {
        name: 'worker',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, message } },
      },
    ],
  });
  test.each([
    [
      'an image that is not there',
      waiting('ImagePullBackOff', 'Back-off\npulling image "x"'),
      /cannot start: ImagePullBackOff: Back-off pulling image "x"$/,
    ],
    ['a container that is being made', waiting('ContainerCreating'), undefined],
    ['memory', terminated(137), /exit code 137/],
    [
      'its own last words',
      terminated(
        78,
        JSON.stringify({
          name: 'n',
          specHash: '',
          revision: 'r',
          state: 'Failed',
          startedAt: '',
          read: 0,
          delivered: 0,
          dropped: 0,
          dead: 0,
          code: 'STORE_AUTH_REJECTED',
          message: 'correct the password',
        }),
      ),
      /^STORE_AUTH_REJECTED: correct the password$/,
    ],
    ['last words that were cut', terminated(78, '{"name": "n", "spec'), /exit code 78/],
    ['an eviction', { phase: 'Failed', reason: 'Evicted', message: 'disk pressure' }, /failed: Evicted disk pressure/],
    ['nothing', {}, undefined],
  ])('%s', (_, status, says) => {
    const trouble = podTrouble(pod('p', { status }));
    if (says === undefined) expect(trouble).toBeUndefined();
    else expect(trouble?.message).toMatch(says);
  });

  test('a result with fields of another type is none', () => {
    expect(readRunResult({ state: 'Succeeded', name: 1 })).toBeUndefined();
    expect(readRunResult('Succeeded')).toBeUndefined();
  });
});

describe('what a worker answers', () => {
  const whole = { version: 1, worker: 'w', startedAt: at(0), pipelines: [workerStatus(compiled())] };
  test('is read, with what a newer worker adds', () => {
    expect(readStatus(JSON.stringify({ ...whole, news: 1 }))).toMatchObject(whole);
  });
  test.each([
    ['no JSON', '<html>'],
    ['another version', JSON.stringify({ ...whole, version: 2 })],
    ['a list that is none', JSON.stringify({ ...whole, pipelines: {} })],
    [
      'a pipeline without a store',
      JSON.stringify({ ...whole, pipelines: [{ ...whole.pipelines[0], store: undefined }] }),
    ],
  ])('%s is no status', (_, text) => {
    expect(() => readStatus(text)).toThrow(expect.objectContaining({ code: 'WORKER_UNREACHABLE' }));
  });
});

test('an event tells of what went wrong once, and of what came right', () => {
  const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) => ({
    type,
    status,
    reason,
    message: reason,
    lastTransitionTime: at(0),
  });
  const bad = [
    condition('Ready', 'False', 'SpecInvalid'),
    condition('Stalled', 'True', 'SpecInvalid'),
    condition('Valid', 'False', 'SpecInvalid'),
  ];
  const good = [
    condition('Ready', 'True', 'RolledOut'),
    condition('Stalled', 'False', 'NotStalled'),
    condition('Valid', 'True', 'Valid'),
  ];
  const told = (before: typeof bad | undefined, after: typeof bad) =>
    transitions(before, after).map(({ type, reason }) => `${type} ${reason}`);
  expect(told(undefined, bad)).toEqual(['Warning SpecInvalid']);
  expect(told(bad, bad)).toEqual([]);
  expect(told(bad, good)).toEqual(['Normal RolledOut', 'Normal NotStalled', 'Normal Valid']);
  expect(told(undefined, [condition('Ready', 'False', 'RollingOut')])).toEqual([]);
});

describe('the environment', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mailmill-config-'));
    await writeFile(join(dir, 'key'), '0123456789abcdef');
    await writeFile(join(dir, 'short'), 'short');
  });
  afterAll(() => rm(dir, { recursive: true }));
  const env = (change: Readonly<Record<string, string | undefined>> = {}) => ({
    MAILMILL_NAMESPACE: 'mailmill-system',
    MAILMILL_WORKER_IMAGE: 'image',
    MAILMILL_STATUS_KEY_FILE: join(dir, 'key'),
    ...change,
  });

  test('is read, with defaults', async () => {
    expect(await readConfig(env({ MAILMILL_WATCH_NAMESPACES: 'a, b' }), 'me')).toMatchObject({
      rolloutDeadlineMs: 600_000,
      rolloutConcurrency: 20,
      stallDeadlineMs: 900_000,
      statusPollMs: 15_000,
      watchNamespaces: ['a', 'b'],
      workerImagePullPolicy: 'IfNotPresent',
      leaseName: 'mailmill-operator',
    });
  });

  test('what the chart says of all workers', async () => {
    const bare = await readConfig(env({ MAILMILL_WORKER_EGRESS: '[]' }), 'me');
    expect([bare.workerEgress, bare.workerResources]).toEqual([undefined, undefined]);
    const resources = { requests: { cpu: '1' } };
    const egress = [{ ports: [{ port: 993 }] }];
    const set = {
      MAILMILL_WORKER_EGRESS: JSON.stringify(egress),
      MAILMILL_WORKER_RESOURCES: JSON.stringify(resources),
    };
    expect(await readConfig(env(set), 'me')).toMatchObject({ workerEgress: egress, workerResources: resources });
  });

  test.each([
    ['MAILMILL_WORKER_IMAGE', { MAILMILL_WORKER_IMAGE: undefined }],
    ['MAILMILL_STALL_DEADLINE_SECONDS', { MAILMILL_STALL_DEADLINE_SECONDS: 'soon' }],
    ['MAILMILL_WORKER_IMAGE_PULL_POLICY', { MAILMILL_WORKER_IMAGE_PULL_POLICY: 'Sometimes' }],
    ['MAILMILL_ROLLOUT_CONCURRENCY', { MAILMILL_ROLLOUT_CONCURRENCY: '0' }],
    ['MAILMILL_HTTP_PORT', { MAILMILL_HTTP_PORT: '99999' }],
    ['MAILMILL_WORKER_EGRESS', { MAILMILL_WORKER_EGRESS: '{}' }],
    ['MAILMILL_WORKER_RESOURCES', { MAILMILL_WORKER_RESOURCES: 'none' }],
    ['MAILMILL_STATUS_KEY_FILE', { MAILMILL_STATUS_KEY_FILE: '/nowhere' }],
  ])('%s that is wrong is named', async (name, change) => {
    await expect(readConfig(env(change), 'me')).rejects.toThrow(name);
  });

  test('a key that could be guessed is refused', async () => {
    await expect(readConfig(env({ MAILMILL_STATUS_KEY_FILE: join(dir, 'short') }), 'me')).rejects.toThrow('16 bytes');
  });
});

test('of several tasks one that fails ends the others, and is told', async () => {
  let ended = false;
  const other = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        ended = true;
        resolve();
      });
    });
  await expect(
    together(new AbortController().signal, [other, () => Promise.reject(new Error('broken'))]),
  ).rejects.toThrow('broken');
  expect(ended).toBe(true);
});
