import type { ConfigMap } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision.ts';
import { childLabels, configMapName, labels } from '../names.ts';
import { revisionKey } from './pod.ts';

/** A revision as its workers mount it. Immutable: another revision has another name. */
export function revisionConfigMap(revision: Revision): ConfigMap {
  const { namespace, pipeline, hash } = revision;
  return {
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
}

/** The revision that a ConfigMap of ours holds; `undefined` when it holds none that this version can read. */
export function revisionOf(configMap: ConfigMap | undefined): Revision | undefined {
  const text = configMap?.data?.[revisionKey];
  if (text === undefined) return undefined;
  try {
    const revision = JSON.parse(text) as Revision; // written by our own compiler, and immutable
    return revision.version === 1 && Array.isArray(revision.sources) ? revision : undefined;
  } catch {
    return undefined;
  }
}
