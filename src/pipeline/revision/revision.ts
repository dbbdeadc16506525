import type { EmailPipelineSpec, StepSpec } from '../../api/email-pipeline.ts';
import type { ArchivePlace, ArchiveSpec } from '../../api/kinds/archive.ts';
import type { ImapSpec } from '../../api/kinds/imap.ts';
import type { MaildirSpec } from '../../api/kinds/maildir.ts';
import type { MboxSpec } from '../../api/kinds/mbox.ts';
import type { PostgresSpec } from '../../api/kinds/postgres.ts';
import type { QueueSpec, RetrySpec } from '../../api/kinds/queue.ts';
import type { S3Spec } from '../../api/kinds/s3.ts';
import type { WebhookSpec } from '../../api/kinds/webhook.ts';
import type { MailboxSourceSpec } from '../../api/mailbox-source.ts';

/** A source of a revision: its resolved spec (defaults filled in). Exactly one kind is set. */
export interface RevisionSource {
  readonly name: string;
  readonly imap?: ImapSpec;
  readonly maildir?: MaildirSpec;
  readonly mbox?: MboxSpec;
  readonly s3?: S3Spec;
  /** Mail that the source's collector has archived; what else it reads is no concern of pipelines. */
  readonly archived?: ArchivePlace;
  /** Mail that the source's collector takes in; how it does is no concern of pipelines. */
  readonly pushed?: { readonly by: 'smtp' | 'http' };
  readonly encryption?: MailboxSourceSpec['encryption'];
}

/** A sink of a revision: its resolved spec. Exactly one kind is set. */
export type RevisionSink = RevisionDirectSink | RevisionQueuedSink;

/** Commits with the store, or before it. */
export interface RevisionDirectSink {
  readonly name: string;
  readonly postgres: PostgresSpec;
  readonly webhook?: undefined;
}

/** Is fed from the outbox. */
export interface RevisionQueuedSink {
  readonly name: string;
  readonly webhook: WebhookSpec;
  readonly retry: RetrySpec;
  readonly queue: QueueSpec;
  readonly postgres?: undefined;
}

/**
 * One immutable compiled form of a pipeline with its sources; JSON, as the ConfigMap `<name>-<hash>` holds it under the key
 * `revision.json`. `hash` is the first 10 hex digits of the SHA-256 of the canonical JSON of everything else in it;
 * what only the operator needs (replicas, suspend, schedule, template) and `generation` are not part of it.
 */
export interface Revision {
  readonly version: 1;
  readonly namespace: string;
  readonly pipeline: string;
  readonly hash: string;
  readonly sources: readonly RevisionSource[];
  readonly steps: readonly StepSpec[];
  readonly sinks: readonly RevisionSink[];
  readonly storeRef: { readonly name: string; readonly key: string };
  readonly retention: string;
  /** Of a source's collector: mail goes to this archive, and there are no sinks. `retention` is that of the pipeline's own records. */
  readonly keeps?: ArchiveSpec;
}

/** One key of a Secret. */
export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** A reason why a spec cannot become a revision; `path` is JSON-Pointer-like (`spec.steps[0].filter`). */
export interface CompileIssue {
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

export type { EmailPipelineSpec };
