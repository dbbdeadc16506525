import type { PostgresSpec } from '../api/kinds/postgres.ts';
import type { WebhookSpec } from '../api/kinds/webhook.ts';
import { PostgresSink, type PostgresSinkOptions } from './postgres/postgres-sink.ts';
import type { ColumnTypes, QueuedSink, SecretOf } from './sink.ts';

/** Every sink that commits with the store, or before it. */
export type Sink = PostgresSink;

/** What such a sink is opened with, by kind; the worker reads it from Secrets. */
export type SinkOptions = PostgresSinkOptions;

/** Opens a sink that commits with the store or before it: one line a kind. Nothing is connected yet. */
export function openSink(
  spec: { readonly name: string; readonly postgres: PostgresSpec },
  types: ColumnTypes,
  options: SinkOptions,
): Sink {
  return PostgresSink.open(spec.name, spec.postgres, types, options);
}

/** Opens a sink that is fed from the outbox: one line a kind, its code is loaded now. Nothing is connected yet. */
export async function openQueuedSink(
  spec: { readonly name: string; readonly webhook: WebhookSpec },
  secret: SecretOf,
): Promise<QueuedSink> {
  const { WebhookSink } = await import('./webhook/webhook-sink.ts');
  return new WebhookSink(spec.name, spec.webhook, secret);
}
