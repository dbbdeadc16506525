import type { ConfigMap } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { childLabels, configMapName, labels } from '../names.ts';
import { revisionKey } from './pod.ts';

// Both are looked at many times and never change; what is no longer cached elsewhere is forgotten here.
const written = new WeakMap<Revision, ConfigMap>();
const read = new WeakMap<ConfigMap, { readonly revision: Revision | undefined }>();

/** A revision as its workers mount it. Immutable: another revision has another name. Of the same revision the same object. */
export function revisionConfigMap(revision: Revision): ConfigMap {
  const known = written.get(revision);
  if (known !== undefined) return known;
  const { namespace, pipeline, hash } = revision;
  const made: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configMapName(pipeline, hash),
      namespace,
      labels: childLabels(pipeline, { [labels.revision]: hash }),
    },
    immutable: true,
    data: { [revisionKey]: JSON.stringify(revision) },
  };
  written.set(revision, made);
  return made;
}

/** The revision that a ConfigMap of ours holds; `undefined` when it holds none that this version can read. */
export function revisionOf(configMap: ConfigMap | undefined): Revision | undefined {
  if (configMap === undefined) return undefined;
  const known = read.get(configMap) ?? { revision: parse(configMap.data?.[revisionKey]) };
  read.set(configMap, known);
  return known.revision;
}

function parse(text: string | undefined): Revision | undefined {
  if (text === undefined) return undefined;
  try {
    const revision = JSON.parse(text) as Revision; // written by our own compiler, and immutable
    return revision.version === 1 && Array.isArray(revision.sources) ? revision : undefined;
  } catch {
    return undefined;
  }
}
