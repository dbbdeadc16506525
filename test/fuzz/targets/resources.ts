import fs from 'node:fs';
import path from 'node:path';
import { dump, load } from 'js-yaml';
import type { Issue } from '../../../src/api/issue.ts';
import { loadText, secretsOf } from '../../../src/api/load.ts';
import { resolveResource } from '../../../src/api/resolve.ts';
import { validateObjects } from '../../../src/api/validate.ts';
import { compileAll, format } from '../../../src/commands/validate.ts';
import type { Random } from '../random.ts';
import { mutateJson, mutateYaml } from '../resources/mutate.ts';
import { type Case, Divergence, type Target } from '../target.ts';

const folder = path.resolve(import.meta.dirname, '../../../manifests/samples');

/** The documents of the samples, each as its text. */
const samples: readonly string[] = ['imap', 'demo'].flatMap((name) =>
  fs
    .readdirSync(path.join(folder, name))
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => fs.readFileSync(path.join(folder, name, file), 'utf8').split(/^---\n/m)),
);

const twoOf = (random: Random): string => `${random.pick(samples)}\n---\n${random.pick(samples)}`;

function generate(random: Random): Case {
  const text = twoOf(random);
  if (random.once(2)) return { bytes: Buffer.from(mutateYaml(random, text)) };
  const value = load(random.pick(samples));
  let changed: unknown = value;
  // The samples are plain YAML: nothing but JSON comes of them.
  for (let i = random.between(1, 4); i > 0; i--)
    changed = mutateJson(random, changed as Parameters<typeof mutateJson>[1]);
  const printed = random.once(2) ? JSON.stringify(changed, null, 1) : dump(changed);
  return { bytes: Buffer.from(random.once(4) ? `${printed}\n---\n${text}` : printed) };
}

function checkIssue(issue: Issue, lines: number): void {
  const { line, column, message } = issue;
  const whole = Number.isSafeInteger(line) && Number.isSafeInteger(column);
  if (!whole || line < 1 || column < 1 || line > lines + 1)
    throw new Divergence('an issue without its place', `${line}:${column} of ${lines} lines`);
  if (message === '' || /undefined|\[object|NaN/.test(message))
    throw new Divergence('an issue without a message', format(issue));
}

/** Every issue of a text, and the resources in it with their defaults. */
function read(text: string) {
  const loaded = loadText('file.yaml', text);
  secretsOf(loaded.objects);
  const { issues, valid } = validateObjects(loaded.objects);
  const all = [...loaded.issues, ...issues, ...compileAll(valid)];
  return { issues: all, resolved: valid.map(({ resource }) => resolveResource(resource)) };
}

function check({ bytes }: Case): void {
  const text = bytes.toString('utf8');
  const { issues, resolved } = read(text);
  const lines = text.split(/\r\n?|\n/).length;
  for (const issue of issues) checkIssue(issue, lines);
  const again = read(text);
  if (JSON.stringify([issues, resolved]) !== JSON.stringify([again.issues, again.resolved]))
    throw new Divergence('not deterministic', '');
  if (resolved.length === 0) return;
  // What is printed with every default is valid and resolves to itself.
  const printed = resolved.map((one) => dump(one, { lineWidth: 120, noRefs: true })).join('---\n');
  const second = read(printed);
  if (JSON.stringify(second.resolved) !== JSON.stringify(resolved))
    throw new Divergence('resolved resources do not resolve to themselves', second.issues.map(format).join('\n'));
}

/** Resources in files: any bytes give issues with their places, or resources. */
export const resources: Target = { name: 'resources', budget: { base: 300, perKiB: 10 }, generate, check };
