import type { Health } from './worker-status.ts';

/** What a collector tells about itself at `/status` (JSON, bearer token). */
export interface CollectorStatus {
  readonly version: 1;
  /** Pod name, or host and pid. */
  readonly collector: string;
  readonly startedAt: string;
  readonly namespace: string;
  readonly source: string;
  readonly revision: string;
  /** Latched: the store was checked, the Secrets read and the listener listens. */
  readonly ready: boolean;
  readonly store: Health;
  /** Whether mail is taken now; why not. */
  readonly listener: Health & {
    readonly kind: 'smtp' | 'lmtp' | 'http';
    readonly port?: number;
    readonly connections: number;
  };
  /** Since the start; messages one a recipient. */
  readonly counters: {
    readonly accepted: number;
    readonly repeated: number;
    readonly refused: number;
    readonly bytes: number;
  };
  /** In the store, all collectors together; bytes compressed. Absent before the first look. */
  readonly kept?: { readonly messages: number; readonly bytes: number; readonly limit: number };
  /** Set when a person must act. */
  readonly stalled?: { readonly code: string; readonly message: string };
}
