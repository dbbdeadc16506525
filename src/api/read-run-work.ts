import type { RunWork } from './email-pipeline-run.ts';
import { isRecord } from './json-schema.ts';
import { apiVersion } from './resources.ts';
import { validateObject } from './validate.ts';

/** The work of a run out of JSON, or what is wrong with it. */
export function runWorkOf(text: string): { readonly work: RunWork } | { readonly problem: string } {
  let work: unknown;
  try {
    work = JSON.parse(text);
  } catch {
    return { problem: 'is no JSON' };
  }
  if (!isRecord(work)) return { problem: 'must be an object' };
  const spec = { ...work, pipeline: { name: 'any' } };
  const object = { apiVersion, kind: 'EmailPipelineRun', metadata: { name: 'any' }, spec };
  const [issue] = validateObject(object).filter(({ level }) => level !== 'note');
  if (issue) return { problem: `${issue.path}: ${issue.message}` };
  return { work: work as RunWork }; // validated just now
}
