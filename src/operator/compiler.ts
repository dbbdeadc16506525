import { closest } from '../api/suggest.ts';
import { validateObject } from '../api/validate.ts';
import type { EmailPipeline, Live, MailboxSource } from '../kubernetes/objects.ts';
import { compilePipeline } from '../pipeline/revision/compile.ts';
import type { Compilation, SpecIssue } from './snapshot.ts';

/** Compiles pipelines, each generation of pipeline and source once. */
export interface Compiler {
  compile(
    pipeline: Live<EmailPipeline>,
    source: Live<MailboxSource> | undefined,
    sourceNames: () => readonly string[],
  ): Compilation;
  /** What is wrong with a source alone. */
  checkSource(source: Live<MailboxSource>): readonly SpecIssue[];
  forget(uid: string): void;
}

interface Entry {
  readonly version: string;
  readonly result: Compilation;
}

const versionOf = ({ metadata }: Live<EmailPipeline> | Live<MailboxSource>) => `${metadata.uid}/${metadata.generation}`;

export function createCompiler(): Compiler {
  const compiled = new Map<string, Entry>();
  const checked = new Map<string, { readonly version: string; readonly issues: readonly SpecIssue[] }>();
  const checkSource = (source: Live<MailboxSource>) => {
    const known = checked.get(source.metadata.uid);
    if (known?.version === versionOf(source)) return known.issues;
    const issues = issuesOf(source, 'MailboxSource');
    checked.set(source.metadata.uid, { version: versionOf(source), issues });
    return issues;
  };
  return {
    checkSource,
    compile: (pipeline, source, sourceNames) => {
      if (source === undefined) {
        const own = issuesOf(pipeline, 'EmailPipeline');
        if (own.length > 0) return { kind: 'Invalid', issues: own };
        const meant = closest(pipeline.spec.source.name, sourceNames());
        return { kind: 'SourceMissing', ...(meant === undefined ? {} : { suggestion: `did you mean "${meant}"?` }) };
      }
      const version = `${versionOf(pipeline)}/${versionOf(source)}`;
      const known = compiled.get(pipeline.metadata.uid);
      if (known?.version === version) return known.result;
      const result = compileBoth(pipeline, source, checkSource(source));
      compiled.set(pipeline.metadata.uid, { version, result });
      return result;
    },
    forget: (uid) => {
      compiled.delete(uid);
      checked.delete(uid);
    },
  };
}

function compileBoth(
  pipeline: Live<EmailPipeline>,
  source: Live<MailboxSource>,
  ofSource: readonly SpecIssue[],
): Compilation {
  const issues = [...issuesOf(pipeline, 'EmailPipeline'), ...ofSource];
  if (issues.length > 0) return { kind: 'Invalid', issues };
  const compilation = compilePipeline(pipeline, [source]);
  if (compilation.ok) return { kind: 'Compiled', revision: compilation.revision, secrets: compilation.secrets };
  return { kind: 'Invalid', issues: compilation.issues.map((issue) => ({ kind: 'EmailPipeline', ...issue })) };
}

/** Beyond admission: what a schema cannot say, and what an older CRD let pass. */
function issuesOf(object: EmailPipeline | MailboxSource, kind: SpecIssue['kind']): readonly SpecIssue[] {
  const { apiVersion, metadata, spec } = object;
  // What the API server adds to metadata is none of a file's business, which this also checks.
  const written = { apiVersion, kind, metadata: { name: metadata.name }, spec };
  return validateObject(written)
    .filter(({ level }) => level !== 'note')
    .map(({ path, message, suggestion }) => ({
      kind,
      path,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    }));
}
