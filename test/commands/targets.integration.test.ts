import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/processes.ts';
import { maildir, pipeline, type Standalone, startRun, type TestProject, testProject } from './run/standalone.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
let project: TestProject;
let running: Standalone | undefined;
afterEach(async () => {
  running?.kill('SIGTERM');
  await running?.exited;
  running = undefined;
  project.remove();
});

/** A command in the project's parent directory, as somebody types it. */
const mailmill = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const cwd = path.dirname(project.directory);
    const child = execFile(process.execPath, [main, ...args], { cwd }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

test('trace and reconcile look into the state of a run that goes on', async () => {
  project = testProject([maildir(), pipeline()]);
  project.deliver('a');
  running = startRun([project.directory, '--state', project.state]);
  await eventually(() => running?.stderr().includes('up to date'), 30_000);
  const where = ['resources', '--state', project.state];
  expect(await mailmill('trace', '--message-id', 'a@example.org', ...where)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^mail box: .* was delivered/),
    stderr: '',
  });
  expect(await mailmill('reconcile', ...where)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ 0 missing/) });

  project.deliver('b');
  await eventually(() => /delivered +2 /.test(running?.stderr() ?? ''), 30_000);
  running.kill('SIGTERM');
  expect(await running.exited).toBe(0);
});

test('a state directory may be named from where one is', async () => {
  project = testProject([maildir(), pipeline()]);
  project.deliver('a');
  const all = ['resources', '--state', 'state'];
  expect(await mailmill('run', ...all, '--once', '--json', '--port', '0')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\{"messages":1,"rows":1,"dead":0/),
  });
  expect(await mailmill('reconcile', ...all)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ 1 recorded/) });
});

test('what died in a run is shown, and its state can be purged, without a URI', async () => {
  const steps = [{ name: 'number', set: { number: 'int(subject)' } }];
  project = testProject([maildir(), pipeline('mail', { steps })]);
  for (const name of ['1', 'two']) project.deliver(name);
  const state = ['--state', project.state];
  const ran = await mailmill('run', 'resources', ...state, '--once', '--port', '0');
  expect(ran).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`mailmill dead list --state ${project.state}\n`),
  });
  expect(await mailmill('dead', 'list', ...state)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\S+ mail \S+ STEP_EVALUATION_FAILED number: /),
  });
  expect(await mailmill('purge', 'mail', ...state)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ message$/m),
  });
});

const otherSpec = {
  source: { name: 'other' },
  sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse', key: 'uri' }, table: 'others' } }],
};

test('a mailbox that cannot be read: the reconcile is kept as failed, and trace tells what the store and the tables know', async () => {
  project = testProject([maildir(), pipeline()]);
  project.deliver('a');
  const where = ['resources', '--state', project.state];
  expect(await mailmill('run', ...where, '--once', '--port', '0')).toMatchObject({ code: 0 });
  const box = path.join(project.directory, 'box');
  fs.renameSync(box, `${box}-away`);
  expect(await mailmill('reconcile', ...where)).toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/MAILDIR_MISSING/),
  });
  expect(await mailmill('reconcile', ...where, '--last')).toMatchObject({
    code: 78,
    stdout: expect.stringMatching(/MAILDIR_MISSING/),
  });
  expect(await mailmill('trace', '--message-id', 'a@example.org', ...where)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^mail box: .* was delivered/),
    stderr: expect.stringMatching(/a mailbox cannot be asked: .* \[MAILDIR_MISSING\]/),
  });
  // Other pipelines are asked all the same; who has never had it is no reason to worry.
  fs.mkdirSync(path.join(project.directory, 'other', 'new'), { recursive: true });
  fs.mkdirSync(path.join(project.directory, 'other', 'cur'));
  project.write('z-other.yaml', [maildir('other', 'other'), { ...pipeline('other'), spec: otherSpec }]);
  expect(await mailmill('trace', '--message-id', 'a@example.org', ...where)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^mail box: .* was delivered[\s\S]*^other other: never seen/m),
  });
  const nobody = await mailmill('trace', '--message-id', 'b@example.org', ...where);
  expect(nobody).toMatchObject({
    code: 78,
    stdout: expect.stringMatching(/^other other: never seen/),
    stderr: expect.stringMatching(/MAILDIR_MISSING/),
  });
});
