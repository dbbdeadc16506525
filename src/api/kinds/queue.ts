import { Closed, Duration, Size } from '../schema.ts';
import { type Static, Type } from '../type.ts';

/** `retry` of a sink that is fed from the outbox. */
export const retry = Closed(
  {
    attempts: Type.Optional(
      Type.Integer({
        description:
          'Failures after which a delivery is dead. They count only while the receiver takes other deliveries: one that takes nothing is waited for.',
        minimum: 1,
        maximum: 100,
        'x-mailmill-default': 8,
      }),
    ),
    backoff: Type.Optional(
      Duration({
        description: 'Pause after the first failure; it doubles with each.',
        'x-mailmill-default': '5s',
      }),
    ),
    maxBackoff: Type.Optional(Duration({ description: 'Longest pause.', 'x-mailmill-default': '10m' })),
  },
  { description: 'What happens to a delivery that the receiver did not take. `Retry-After` is obeyed.' },
);

/** `queue` of a sink that is fed from the outbox. */
export const queue = Closed(
  {
    deliveries: Type.Optional(
      Type.Integer({
        description: 'Deliveries that may wait. Beyond, the source is not read until some are gone.',
        minimum: 1,
        maximum: 10_000_000,
        'x-mailmill-default': 100_000,
      }),
    ),
    size: Type.Optional(
      Size({
        description:
          'Bytes that may wait in the store, compressed. Beyond, the source is not read until some are gone.',
        'x-mailmill-default': '4Gi',
      }),
    ),
  },
  { description: 'How much may wait for this sink.' },
);

export type RetrySpec = Static<typeof retry>;
export type QueueSpec = Static<typeof queue>;
