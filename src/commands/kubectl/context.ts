import type { KubernetesClient } from '../../kubernetes/client-api.ts';
import type { Clock } from '../../kubernetes/clock.ts';
import type { Streams } from '../../kubernetes/streams.ts';
import type { CommandIo } from '../command.ts';

/** What a verb of `kubectl mailmill` works with. */
export interface PluginContext {
  readonly client: KubernetesClient;
  readonly streams: Streams;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly namespace: string;
  readonly io: CommandIo;
}

/** A verb: gets the arguments behind its name and returns the exit code; undefined: wrong usage. */
export type Verb = (context: PluginContext, args: readonly string[]) => Promise<number | undefined>;
