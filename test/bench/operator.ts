import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  emailPipelines,
  type KubernetesObject,
  type Live,
  mailboxSources,
  type ResourceType,
} from '../../src/kubernetes/objects.ts';
import { createReflector } from '../../src/kubernetes/reflector.ts';
import { operatorUser } from '../operator/account.ts';
import { applyAll, isDone, isSettled, makeSurroundings, population, stubOf } from '../operator/world/population.ts';
import type { OperatorProcess } from '../operator/world/process.ts';
import { enterLoopback, type OperatorWorld, startOperatorWorld } from '../operator/world/world.ts';
import type { Write } from '../support/control-plane/audit.ts';
import { eventually } from '../support/processes.ts';
import { buildApp } from './startup-app.ts';
import { round } from './statistics.ts';

export interface OperatorBenchOptions {
  readonly pipelines: number;
  readonly sources: number;
  readonly namespaces: number;
  /** Of the quiet phase. */
  readonly quietSeconds: number;
  /** Directory for CPU profiles of both operators. */
  readonly profile: string | undefined;
  /** Runs src/ instead of its compiled form. */
  readonly source: boolean;
}

const published =
  'beside it: Flux source-controller (Go) reconciles 1,000 objects in 85 s with 67 MiB, published by fluxcd/flux-benchmark\n';

/** Of a process, now. */
interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssMiB: number;
  readonly rssMiB: number;
}

function usageOf(pid: number): Usage {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  // Clock ticks are hundredths of a second on every Linux that Node runs on.
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
  return { cpuSeconds, peakRssMiB: mib('VmHWM'), rssMiB: mib('VmRSS') };
}

/** The peak is counted anew from here. */
const resetPeak = (pid: number) => fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');

type Phase = 'apply' | 'quiet' | 'restart';

/** See the contract: apply, a quiet minute, a cold restart. A JSON line each. */
export async function operatorBench(options: OperatorBenchOptions): Promise<void> {
  enterLoopback();
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-app-'));
  const program = options.source ? new URL('../../src/mailmill.mjs', import.meta.url).pathname : await buildApp(app);
  const world = await startOperatorWorld(program);
  process.stderr.write(published);
  try {
    await measure(world, options);
  } finally {
    await world.stop();
    fs.rmSync(app, { recursive: true, force: true });
  }
}

async function measure(world: OperatorWorld, options: OperatorBenchOptions): Promise<void> {
  const { client, workers, signal } = world;
  const wanted = population(options.pipelines, options.sources, options.namespaces);
  for (const pipeline of wanted.pipelines) workers.add(stubOf(pipeline));
  await makeSurroundings(client, wanted, signal);
  const watched = watch(world, options.pipelines + options.sources);
  const env: Record<string, string> =
    options.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.resolve(options.profile)}` };
  const writesSince = async (since: number) =>
    (await world.plane.writes(operatorUser)).filter(({ at, resource }) => at >= since && resource !== 'leases');
  const tell = (phase: Phase, seconds: number, writes: readonly Write[], usage: Usage, more: object) => {
    const line = {
      name: 'operator',
      phase,
      seconds: round(seconds, 1),
      peakRssMiB: round(usage.peakRssMiB, 1),
      writes: writes.length,
      ...more,
      cpuSeconds: round(usage.cpuSeconds, 1),
      rssMiB: round(usage.rssMiB, 1),
      pipelines: options.pipelines,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    process.stderr.write(`${phase}: ${counted(writes)}\n`);
  };

  let operator = await world.operator(env);
  await leads(operator);
  const others = cpuOfOthers(world);
  const begun = Date.now();
  await applyAll(client, wanted, signal);
  const created = Date.now();
  await watched.until(isDone);
  const seconds = (Date.now() - begun) / 1000;
  const usage = usageOf(operator.pid);
  await watched.until(isSettled);
  const settled = (Date.now() - begun) / 1000;
  const after = await untilQuiet(operator);
  tell('apply', seconds, await writesSince(begun), usage, {
    settledSeconds: round(settled, 1),
    createdSeconds: round((created - begun) / 1000, 1),
    quietAfterSeconds: round((after - begun) / 1000, 1),
    cpuSecondsOfOthers: cpuSince(world, others),
  });

  resetPeak(operator.pid);
  workers.forgetAsked();
  const before = usageOf(operator.pid);
  const quiet = Date.now();
  await sleep(options.quietSeconds * 1000);
  const now = usageOf(operator.pid);
  tell(
    'quiet',
    (Date.now() - quiet) / 1000,
    await writesSince(quiet),
    {
      ...now,
      cpuSeconds: now.cpuSeconds - before.cpuSeconds,
    },
    { asked: workers.asked.size },
  );

  operator.signal('SIGTERM');
  await operator.exit();
  workers.forgetAsked();
  const restarted = Date.now();
  operator = await world.operator(env);
  await leads(operator);
  await eventually(() => workers.asked.size === options.pipelines, 120_000);
  const steady = await untilQuiet(operator);
  const atSteady = usageOf(operator.pid);
  await sleep(20_000); // what comes late counts as well
  tell('restart', (steady - restarted) / 1000, await writesSince(restarted), atSteady, {});
  watched.stop();
  if (options.profile !== undefined) {
    operator.signal('SIGTERM');
    await operator.exit();
  }
}

const leads = (operator: OperatorProcess) =>
  eventually(async () => (await operator.metric('leader_election_master_status')) === 1, 60_000);

/** Waits until no key waits and none was worked on for 3 s; answers when the last work was seen. */
async function untilQuiet(operator: OperatorProcess): Promise<number> {
  let last = { done: -1, at: Date.now() };
  await eventually(async () => {
    await sleep(200);
    const done = await work(operator);
    if (done === undefined) return false;
    if (done !== last.done) last = { done, at: Date.now() };
    return Date.now() - last.at >= 3_000;
  }, 120_000);
  return last.at;
}

/** A number that stands still while the operator does nothing but look at workers; undefined while it does not answer. */
async function work(operator: OperatorProcess): Promise<number | undefined> {
  const waiting = await operator.metric('workqueue_depth');
  const counts = await Promise.all(
    ['GET', 'POST', 'PATCH', 'DELETE'].map((method) =>
      operator.metric('rest_client_requests_total', `method="${method}"`),
    ),
  );
  if (waiting === undefined || counts.includes(undefined)) return undefined;
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), waiting === 0 ? 0 : Date.now());
}

/** Looks at all our resources; `until` waits for every one of them. */
function watch(world: OperatorWorld, count: number) {
  const ended = new AbortController();
  const reflectors = [emailPipelines, mailboxSources].map((type) =>
    createReflector<KubernetesObject>({ client: world.client, type: type as ResourceType, backoffMs: [100, 1_000] }),
  );
  const running = reflectors.map((reflector) => reflector.run(ended.signal));
  return {
    until: (holds: (object: Live<KubernetesObject>) => boolean) =>
      eventually(() => {
        const all = reflectors.flatMap(({ cache }) => cache.list());
        return all.length === count && all.every(holds);
      }, 600_000),
    stop: () => {
      ended.abort();
      void Promise.allSettled(running);
    },
  };
}

const programs = ['kube-apiserver', 'etcd', 'kube-controller-manager'] as const;

const cpuOfOthers = (world: OperatorWorld): readonly number[] => [
  ...programs.map((name) => usageOf(world.plane.pid(name) ?? process.pid).cpuSeconds),
  usageOf(process.pid).cpuSeconds,
];

function cpuSince(world: OperatorWorld, before: readonly number[]): Readonly<Record<string, number>> {
  const names = [...programs, 'bench'];
  return Object.fromEntries(cpuOfOthers(world).map((now, i) => [names[i], round(now - (before[i] ?? 0), 1)]));
}

/** `apply configmaps 1000, patch emailpipelines/status 2000`. */
function counted(writes: readonly Write[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, subresource, code } of writes) {
    const failed = code >= 400 ? ` (${code})` : '';
    const what = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${failed}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${what} ${count}`).join(', ') || 'no writes';
}
