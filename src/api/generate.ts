import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { overview } from '../telemetry/dashboards/overview.ts';
import { grafanaJson } from '../telemetry/dashboards/panels.ts';
import { customResourceDefinition } from './crd.ts';
import { reference } from './reference.ts';
import { type ResourceDefinition, resources } from './resources.ts';

const notice = '# Generated from src/api by `npm run generate`; do not edit.\n';
const begin = '<!-- reference:begin -->';
const end = '<!-- reference:end -->';

const yaml = (value: unknown): string => dump(value, { lineWidth: -1, noRefs: true });

/** `crds/<plural>.yaml`. */
export const crdFile = (definition: ResourceDefinition): string => notice + yaml(customResourceDefinition(definition));

/** The same for the chart: kept by Helm and by Argo CD when the release goes, because deleting a CRD deletes every resource of it. */
export function chartFile(definition: ResourceDefinition): string {
  const crd = customResourceDefinition(definition);
  const metadata = {
    name: `${definition.plural}.mailmill.io`,
    annotations: {
      'helm.sh/resource-policy': 'keep',
      'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
    },
  };
  const text = yaml({ ...crd, metadata });
  if (text.includes('{{')) throw new Error(`${definition.plural}: a description would be taken for a Helm template`);
  return `${notice}{{- if .Values.crds.install }}\n${text}{{- end }}\n`;
}

/** Every generated file by its path from the package's root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const definition of Object.values(resources)) {
    files.set(`crds/${definition.plural}.yaml`, crdFile(definition));
    files.set(`charts/mailmill/templates/crds/${definition.plural}.yaml`, chartFile(definition));
  }
  files.set(
    'charts/mailmill/files/dashboards/overview.json',
    `${JSON.stringify(grafanaJson(overview), undefined, 2)}\n`,
  );
  return files;
}

/** A README with the reference between its markers made new; `undefined` when it has no markers. */
export function withReference(readme: string): string | undefined {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) return undefined;
  const text = reference(Object.values(resources));
  return `${readme.slice(0, from + begin.length)}\n\n${text}\n\n${readme.slice(to)}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const check = args.includes('--check');
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const wanted = new Map(generatedFiles());
  const readme = await readIfThere(`${root}README.md`);
  const renewed = readme === undefined ? undefined : withReference(readme);
  if (renewed !== undefined) wanted.set('README.md', renewed);
  else if (!check) process.stderr.write(`README.md has no ${begin} … ${end}: its reference is left out\n`);
  else {
    process.stderr.write(`README.md has no ${begin} … ${end}; add the markers and run npm run generate\n`);
    return 1;
  }

  let stale = 0;
  for (const [file, text] of wanted) {
    if ((await readIfThere(root + file)) === text) continue;
    stale++;
    process.stderr.write(`${file}: ${check ? 'stale; run npm run generate' : 'written'}\n`);
    if (check) continue;
    await mkdir(dirname(root + file), { recursive: true });
    await writeFile(root + file, text);
  }
  return check && stale > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
