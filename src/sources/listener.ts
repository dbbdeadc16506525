import type { Logger } from '../telemetry/log.ts';
import type { Intake } from './kept/intake.ts';

/** What a listener gets from the process that it runs in. */
export interface ListenerHost {
  readonly intake: Intake;
  /** Address to listen at. */
  readonly host: string;
  /** Reads a key of a Secret; throws Stalled when there is none. */
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly clock: () => Date;
  readonly log: Logger;
  /** Told of each refusal, with the reply's code. */
  readonly onRefused: (code: number) => void;
}

/** A listener that takes mail. */
export interface Listener {
  readonly kind: 'smtp' | 'lmtp' | 'http';
  readonly port: number;
  /** Open connections. */
  connections(): number;
  /** Reads its Secrets again; what has changed holds for connections from now on. Throws Stalled when they cannot be read: the old ones hold. */
  refresh(): Promise<void>;
  /** Takes no new connections, lets messages that are under way end within `graceMs`, and ends. */
  close(graceMs: number): Promise<void>;
}
