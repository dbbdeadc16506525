import { dump } from 'js-yaml';
import { hasErrors, type Issue } from '../api/issue.ts';
import { type LoadedObject, loadPaths, place } from '../api/load.ts';
import { resolveResource } from '../api/resolve.ts';
import type { MailboxSource } from '../api/resources.ts';
import { type ValidResource, validateObjects } from '../api/validate.ts';
import { claimantOf, clashOf } from '../operator/name-clash.ts';
import { compilePipeline } from '../pipeline/revision/compile.ts';
import type { Command, CommandIo } from './command.ts';

const usage = `usage: mailmill validate PATH… [--resolved]

Checks MailboxSource, EmailPipeline and EmailPipelineRun resources in files and directories (*.yaml, *.yml, *.json) without a
cluster: what the API server checks, and that pipelines compile. Other kinds are left alone, also where there are no others. Prints a line an issue,
  file:line:column: field: what is wrong (what to do)
and ends with 1 when there is an error, else with 0.

  --resolved    print the resources as YAML with every default filled in; issues then go to stderr

example: mailmill validate manifests/samples`;

/** An issue on one line. */
export function format(issue: Issue): string {
  const field = issue.path === '' ? '' : `${issue.path}: `;
  const note = issue.level === 'note' ? 'note: ' : '';
  const suggestion = issue.suggestion === undefined ? '' : ` (${issue.suggestion})`;
  return `${issue.file}:${issue.line}:${issue.column}: ${note}${field}${issue.message}${suggestion}`;
}

const byPlace = (a: Issue, b: Issue): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;

/** What compiling each pipeline with the sources of its namespace finds, in its file's places. */
export function compileAll(valid: readonly ValidResource[]): readonly Issue[] {
  const resources = valid.map((each) => each.resource);
  const sources = resources.filter((resource): resource is MailboxSource => resource.kind === 'MailboxSource');
  return valid.flatMap(({ resource, object }) => {
    if (resource.kind !== 'EmailPipeline') return [];
    const near = sources.filter((source) => source.metadata.namespace === resource.metadata.namespace);
    const result = compilePipeline(resource, near);
    if (result.ok) return [];
    // A source that no file has may be in the cluster: validateObjects has said so in a note.
    const issues = result.issues.filter((issue) => issue.path !== 'spec.source.name');
    return issues.map((issue) => place(object, { ...issue, level: 'semantics' as const }));
  });
}

/** Resources of one namespace whose children would have one name; each is told to the later one. */
export function clashesOf(valid: readonly ValidResource[]): readonly Issue[] {
  const claimants = valid.flatMap(({ resource, object }) =>
    resource.kind === 'EmailPipelineRun' ? [] : [{ resource, object, claimant: claimantOf(resource) }],
  );
  return claimants.flatMap(({ resource, object, claimant }, at) =>
    claimants.slice(0, at).flatMap((earlier) => {
      if (earlier.resource.metadata.namespace !== resource.metadata.namespace) return [];
      const clash = clashOf(claimant, earlier.claimant);
      if (clash === undefined) return [];
      const { path, message, suggestion } = clash;
      return [place(object, { path, message, suggestion, level: 'semantics' as const })];
    }),
  );
}

function summary(valid: readonly ValidResource[], files: number, issues: readonly Issue[]): string {
  const errors = issues.filter((issue) => issue.level !== 'note').length;
  const resources = `${valid.length} ${valid.length === 1 ? 'resource' : 'resources'}`;
  const where = `in ${files} ${files === 1 ? 'file' : 'files'}`;
  if (errors > 0) return `${errors} ${errors === 1 ? 'error' : 'errors'} ${where}`;
  return `${resources} ${where}: all valid`;
}

/** Kinds of objects that are not ours to check, of well-formed ones: `Deployment, ScaledObject`. */
function foreignKinds(objects: readonly LoadedObject[]): string {
  const kinds = objects.flatMap(({ value: { apiVersion, kind } }) =>
    typeof apiVersion === 'string' && typeof kind === 'string' ? [kind] : [],
  );
  return [...new Set(kinds)].sort().join(', ');
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--resolved');
  const paths = args.filter((arg) => !arg.startsWith('-'));
  if (unknown !== undefined || paths.length === 0) {
    io.stderr.write(`${unknown === undefined ? 'no path given' : `unknown option ${unknown}`}\n\n${usage}\n`);
    return 2;
  }
  const resolved = args.includes('--resolved');
  const loaded = await loadPaths(paths, io.signal);
  const { issues: found, valid } = validateObjects(loaded.objects);
  const issues = [...loaded.issues, ...found, ...compileAll(valid), ...clashesOf(valid)].toSorted(byPlace);
  const failed = hasErrors(issues);
  const report = failed || resolved ? io.stderr : io.stdout;
  for (const issue of issues) report.write(`${format(issue)}\n`);
  if (valid.length === 0 && !failed) {
    const kinds = foreignKinds(loaded.objects);
    io.stderr.write(`no Mailmill resources in ${paths.join(', ')}${kinds === '' ? '' : `: only ${kinds}`}\n`);
    return kinds === '' ? 1 : 0;
  }
  if (resolved && !failed) {
    const documents = valid.map(({ resource }) => dump(resolveResource(resource), { lineWidth: 120, noRefs: true }));
    io.stdout.write(documents.join('---\n'));
  }
  report.write(`${summary(valid, loaded.files.length, issues)}\n`);
  return failed ? 1 : 0;
}

export const command: Command = {
  name: 'validate',
  summary: 'check resources in files without a cluster',
  usage,
  run,
};
