import type { SinkSpec } from '../api/email-pipeline.ts';
import { PostgresSink, type PostgresSinkOptions } from './postgres/postgres-sink.ts';
import type { ColumnTypes } from './sink.ts';

/** Every sink there is. */
export type Sink = PostgresSink;

/** What a sink is opened with, by kind; the worker reads it from Secrets. */
export type SinkOptions = PostgresSinkOptions;

/** Opens the sink of a spec: one line a kind. Nothing is connected yet. */
export function openSink(spec: SinkSpec, types: ColumnTypes, options: SinkOptions): Sink {
  return PostgresSink.open(spec.name, spec.postgres, types, options);
}
