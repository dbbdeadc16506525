import { Closed, Name, OneOf, Text } from './schema.ts';
import { type Static, Type } from './type.ts';

const quantity = Text({
  description: 'Kubernetes quantity.',
  minLength: 1,
  maxLength: 20,
  pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$',
});
const amounts = (description: string) =>
  Closed({ cpu: Type.Optional(quantity), memory: Type.Optional(quantity) }, { description });
const labelKey = '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$';
const strings = (description: string, value: ReturnType<typeof Text>) =>
  Type.Record(Type.String({ pattern: labelKey }), value, { description, maxProperties: 32 });
const labelValue = Text({
  description: 'Value.',
  maxLength: 63,
  pattern: '^([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?$',
});

/** What of a worker's pod may be chosen. */
export const podTemplate = Closed(
  {
    resources: Type.Optional(
      Closed(
        {
          requests: Type.Optional(amounts('What the scheduler sets aside.')),
          limits: Type.Optional(amounts('What the worker may use at most.')),
        },
        { description: 'Memory and CPU of the worker.' },
      ),
    ),
    nodeSelector: Type.Optional(strings('Labels a node must have.', labelValue)),
    tolerations: Type.Optional(
      Type.Array(
        Closed(
          {
            key: Type.Optional(Text({ description: 'Taint key.', maxLength: 317 })),
            operator: Type.Optional(OneOf(['Equal', 'Exists'], { description: 'How the value is compared.' })),
            value: Type.Optional(Text({ description: 'Taint value.', maxLength: 63 })),
            effect: Type.Optional(
              OneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], { description: 'Taint effect.' }),
            ),
            tolerationSeconds: Type.Optional(
              Type.Integer({ description: 'Seconds to stay with NoExecute.', minimum: 0, maximum: 2147483647 }),
            ),
          },
          { description: 'One toleration.' },
        ),
        { description: 'Taints to tolerate.', maxItems: 32, 'x-kubernetes-list-type': 'atomic' },
      ),
    ),
    topologySpreadConstraints: Type.Optional(
      Type.Array(
        Closed(
          {
            topologyKey: Text({ description: 'Label of nodes that names a place.', minLength: 1, maxLength: 317 }),
            whenUnsatisfiable: OneOf(['DoNotSchedule', 'ScheduleAnyway'], {
              description: 'What to do with a worker that finds no such place.',
            }),
            maxSkew: Type.Integer({
              description: 'How many more workers one place may have.',
              minimum: 1,
              maximum: 64,
            }),
          },
          { description: 'One constraint, among the workers of this pipeline.' },
        ),
        {
          description:
            'How the workers of this pipeline are spread over nodes or zones. Absent: over nodes, as far as there are any; an empty list: not at all.',
          maxItems: 8,
          'x-kubernetes-list-type': 'atomic',
        },
      ),
    ),
    priorityClassName: Type.Optional(Name({ description: 'PriorityClass of the pods.' })),
    imagePullSecrets: Type.Optional(
      Type.Array(Closed({ name: Name({ description: 'Name of a Secret.' }) }, { description: 'One pull secret.' }), {
        description: 'Secrets to pull the worker image with.',
        maxItems: 8,
        'x-kubernetes-list-type': 'atomic',
      }),
    ),
    labels: Type.Optional(strings('Labels of the pods, beside our own.', labelValue)),
    annotations: Type.Optional(
      strings('Annotations of the pods, beside our own.', Text({ description: 'Value.', maxLength: 4096 })),
    ),
  },
  { description: 'Pod settings of the workers.' },
);

export type PodTemplate = Static<typeof podTemplate>;
