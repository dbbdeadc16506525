import { execFile } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import type { PodFiles } from '../support/worker.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of Mailmill until it ends; `env` on top of our own environment. */
export const mailmill = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  new Promise<Ended>((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

/** What `mailmill trace` tells a person about a message of a pod. */
export const trace = (pod: PodFiles, ...args: string[]) =>
  mailmill(['trace', ...args, '--revision', path.join(pod.dir, 'revision.json')], {
    MAILMILL_SECRETS: path.join(pod.dir, 'secrets'),
  });

/** The same for a program: an object for each message that fits. */
export async function traced<Told>(
  pod: PodFiles,
  ...args: string[]
): Promise<{ readonly code: number; readonly told: readonly Told[] }> {
  const { code, stdout, stderr } = await trace(pod, ...args, '--json');
  expect(stdout, stderr).not.toBe('');
  const lines = stdout.trim().split('\n');
  return { code, told: lines.map((line) => JSON.parse(line) as Told) };
}
