import { hasErrors, type Issue, type ObjectIssue, property } from './issue.ts';
import { isRecord, schemaNode } from './json-schema.ts';
import { type LoadedObject, place } from './load.ts';
import { checkMetadata } from './metadata.ts';
import {
  apiVersion,
  group,
  isKind,
  type MailmillResource,
  type ResourceDefinition,
  resources,
  rootRules,
} from './resources.ts';
import { applyRules, checkRules } from './rules.ts';
import { isTimeZone, scheduleProblem } from './schedule.ts';
import { checkStructure } from './structure.ts';
import { closest } from './suggest.ts';

const rootFields = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

/** Whether an object wants to be one of ours: by its group, or by its kind when the group is missing or misspelt. */
export function isOurs(value: Readonly<Record<string, unknown>>): boolean {
  const given = value.apiVersion;
  if (typeof given === 'string' && (given === group || given.startsWith(`${group}/`))) return true;
  return isKind(value.kind);
}

/**
 * Checks one object as the API server's admission does (structure, bounds, unknown fields, CEL rules), and what can be said
 * about it alone beyond that. `old` makes it the check of an update: rules about `oldSelf` then count.
 */
export function validateObject(
  value: Readonly<Record<string, unknown>>,
  old?: MailmillResource,
): readonly ObjectIssue[] {
  const typed = checkType(value);
  if (typed.length > 0 || !isKind(value.kind)) return typed;
  const definition = resources[value.kind];
  const issues: ObjectIssue[] = [];
  for (const name of Object.keys(value)) {
    if (rootFields.includes(name)) continue;
    issues.push({ path: property('', name), level: 'admission', message: 'unknown field', ...meant(name, rootFields) });
  }
  issues.push(...checkMetadata(value.metadata));
  if (isRecord(value.metadata) && typeof value.metadata.name === 'string' && value.metadata.name !== '') {
    issues.push(...applyRules(rootRules, { metadata: { name: value.metadata.name } }, ''));
  }
  issues.push(...checkSpec(definition, value.spec, old?.spec), ...checkStatus(definition, value.status));
  return issues;
}

function checkType(value: Readonly<Record<string, unknown>>): ObjectIssue[] {
  const issues: ObjectIssue[] = [];
  if (value.apiVersion !== apiVersion) {
    issues.push({
      path: 'apiVersion',
      level: 'admission',
      message:
        value.apiVersion === undefined
          ? 'is required'
          : `is none that Mailmill has${typeof value.kind === 'string' ? ` for ${value.kind}` : ''}`,
      suggestion: `write ${apiVersion}`,
    });
  }
  if (isKind(value.kind)) return issues;
  if (value.kind === undefined) issues.push({ path: 'kind', level: 'admission', message: 'is required' });
  else {
    const hint = typeof value.kind === 'string' ? meant(value.kind, Object.keys(resources)) : {};
    issues.push({
      path: 'kind',
      level: 'admission',
      message: `is none of ${Object.keys(resources).join(', ')}`,
      ...hint,
    });
  }
  return issues;
}

function meant(word: string, candidates: readonly string[]): { readonly suggestion?: string } {
  const found = closest(word, candidates);
  return found === undefined ? {} : { suggestion: `did you mean ${JSON.stringify(found)}?` };
}

function checkSpec(definition: ResourceDefinition, spec: unknown, old: unknown): ObjectIssue[] {
  if (spec === undefined || spec === null) return [{ path: 'spec', level: 'admission', message: 'is required' }];
  const node = schemaNode(definition.spec);
  const structure = checkStructure(node, spec, 'spec');
  const rules = checkRules(
    node,
    spec,
    'spec',
    structure.filter((issue) => issue.level !== 'note').map((issue) => issue.path),
    old,
  );
  return [...structure, ...rules, ...(isRecord(spec) && !hasErrors(structure) ? checkSchedules(spec) : [])];
}

/** What only the CronJob controller would say, and late. */
function checkSchedules(spec: Record<string, unknown>): ObjectIssue[] {
  const { reconcile } = spec;
  return [...checkSchedule(spec, 'spec'), ...(isRecord(reconcile) ? checkSchedule(reconcile, 'spec.reconcile') : [])];
}

function checkSchedule({ schedule, timeZone }: Record<string, unknown>, path: string): ObjectIssue[] {
  const issues: ObjectIssue[] = [];
  const problem = typeof schedule === 'string' ? scheduleProblem(schedule) : undefined;
  if (problem !== undefined) issues.push({ path: `${path}.schedule`, level: 'semantics', message: problem });
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) {
    const hint = meant(timeZone, Intl.supportedValuesOf('timeZone'));
    issues.push({ path: `${path}.timeZone`, level: 'semantics', message: 'is no IANA time zone', ...hint });
  }
  return issues;
}

/** The API server drops a status that a file brings, after it has refused unknown fields in it. */
function checkStatus(definition: ResourceDefinition, status: unknown): ObjectIssue[] {
  if (status === undefined || status === null) return [];
  const unknown = checkStructure(schemaNode(definition.status), status, 'status').filter(
    (issue) => issue.message === 'unknown field',
  );
  return [
    ...unknown,
    { path: 'status', level: 'note', message: 'is written by the operator', suggestion: 'remove it' },
  ];
}

/** A loaded object that has passed `validateObject`. */
export interface ValidResource {
  readonly resource: MailmillResource;
  readonly object: LoadedObject;
}

export interface Validation {
  readonly issues: readonly Issue[];
  /** Objects without an error, in the order in which they were read. */
  readonly valid: readonly ValidResource[];
}

/** Checks every object of ours among those loaded, each alone and against the others; leaves other kinds alone. */
export function validateObjects(objects: readonly LoadedObject[]): Validation {
  const issues: Issue[] = [];
  const valid: ValidResource[] = [];
  const first = new Map<string, LoadedObject>();
  for (const object of objects) {
    const { value } = object;
    if (!isOurs(value)) continue;
    const found = [...validateObject(value), ...checkDuplicate(object, first)];
    issues.push(...found.map((issue) => place(object, issue)));
    // validateObject has just compared every field with the types' schemas.
    if (!found.some((issue) => issue.level !== 'note'))
      valid.push({ resource: value as unknown as MailmillResource, object });
  }
  issues.push(...valid.flatMap((each) => checkReferences(each, [...first.values()])));
  return { issues, valid };
}

function checkDuplicate(object: LoadedObject, first: Map<string, LoadedObject>): ObjectIssue[] {
  const { kind, metadata } = object.value;
  if (!isRecord(metadata) || typeof metadata.name !== 'string') return [];
  const key = JSON.stringify([kind, metadata.namespace ?? '', metadata.name]);
  const other = first.get(key);
  if (!other) {
    first.set(key, object);
    return [];
  }
  const { line } = other.locate('metadata.name');
  const message = `there is another ${String(kind)} of this name at ${other.file}:${line}`;
  return [{ path: 'metadata.name', level: 'semantics', message }];
}

/** What a resource names and no file has: a note, because it may exist in the cluster. */
function checkReferences({ resource, object }: ValidResource, all: readonly LoadedObject[]): Issue[] {
  const named =
    resource.kind === 'EmailPipeline'
      ? { kind: 'MailboxSource', name: resource.spec.source.name, path: 'spec.source.name' }
      : resource.kind === 'EmailPipelineRun'
        ? { kind: 'EmailPipeline', name: resource.spec.pipeline.name, path: 'spec.pipeline.name' }
        : undefined;
  if (!named) return [];
  const { namespace } = resource.metadata;
  const names = all.flatMap(({ value: { kind, metadata } }) =>
    kind === named.kind && isRecord(metadata) && metadata.namespace === namespace ? [String(metadata.name)] : [],
  );
  if (names.includes(named.name)) return [];
  const message = `no ${named.kind} of this name is in the given files`;
  return [place(object, { path: named.path, level: 'note', message, ...meant(named.name, names) })];
}
