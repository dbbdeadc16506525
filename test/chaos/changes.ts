import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import {
  deployments,
  type EmailPipeline,
  emailPipelines,
  mailboxSources,
  type ObjectName,
} from '../../src/kubernetes/objects.ts';
import type { Random } from '../fuzz/random.ts';
import type { Population } from '../operator/world/population.ts';

/** One step of the script that both runs follow. */
export interface Round {
  readonly say: string;
  run(client: KubernetesClient, signal: AbortSignal): Promise<void>;
}

/**
 * The changes of one round: a few pipelines edited, scaled, suspended and resumed, one source edited, one pipeline deleted and
 * made anew, Deployments edited and deleted by hand.
 */
export function roundOf(number: number, of: Population, random: Random): Round {
  const source = of.sources[random.int(of.sources.length)]!;
  const isOfSource = ({ metadata, spec }: EmailPipeline) =>
    metadata.namespace === source.metadata.namespace && spec.source.name === source.metadata.name;
  // One change of a revision a round: which ones in between are made depends on when the operator looks.
  const left = of.pipelines.filter((pipeline) => !isOfSource(pipeline)).map(({ metadata }) => metadata);
  const take = (count: number): ObjectName[] =>
    Array.from({ length: count }, () => left.splice(random.int(left.length), 1)).flatMap((taken) =>
      taken.map(({ namespace = '', name }) => ({ namespace, name })),
    );
  const [edited, scaled, suspended, touched, gone, again] = [take(6), take(2), take(2), take(2), take(2), take(1)];
  return {
    say: `${edited.length} pipelines edited, ${scaled.length} scaled, ${suspended.length} suspended or resumed, 1 made anew, 1 source edited, ${touched.length + gone.length} Deployments harmed`,
    run: async (client, signal) => {
      const spec = (name: ObjectName, change: object) =>
        client.patch(emailPipelines, name, 'merge', { spec: change }, { signal });
      const steps = [{ name: 'wanted', filter: `size < ${1_000 + number}` }];
      for (const name of edited) await spec(name, { steps });
      for (const name of scaled) await spec(name, { replicas: number % 2 === 0 ? 2 : 1 });
      for (const name of suspended) {
        const { suspend } = (await client.get(emailPipelines, name, { signal })).spec;
        await spec(name, { suspend: suspend === true ? null : true });
      }
      await client.patch(
        mailboxSources,
        source.metadata,
        'merge',
        { spec: { imap: { host: `imap-${number}.example.com` } } },
        { signal },
      );
      for (const name of touched) {
        const harm = { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } };
        await client.patch(deployments, name, 'merge', harm, { signal });
      }
      for (const name of gone) await client.delete(deployments, name, { signal });
      for (const name of again) {
        const { spec: kept, metadata, apiVersion, kind } = await client.get(emailPipelines, name, { signal });
        await client.delete(emailPipelines, name, { signal });
        const { labels, annotations } = metadata;
        await client.create(
          emailPipelines,
          { apiVersion, kind, metadata: { ...name, labels, annotations }, spec: kept },
          { signal },
        );
      }
    },
  };
}
