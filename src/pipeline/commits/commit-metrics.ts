import type { CommitRecord, Outcome } from '../../store/commit.ts';
import type { PipelineContext } from '../context.ts';
import type { ReadBatch } from './commit-record.ts';

/** Counts what was committed; `firstUidNext` tells mail that came while the folder was live. */
export function countCommit(
  context: PipelineContext,
  source: string,
  group: readonly ReadBatch[],
  commit: CommitRecord,
  firstUidNext: number,
  seconds: number,
): void {
  const pipeline = { namespace: context.revision.namespace, pipeline: context.revision.pipeline };
  const labels = { ...pipeline, source };
  const { metrics, counters } = context;
  const messages = group.flatMap((batch) => batch.messages);
  const count = (state: Outcome['state']) => commit.outcomes.filter((o) => o.state === state).length;
  const [processed, dropped, dead] = [count('Processed'), count('Dropped'), count('Dead')];
  counters.read += messages.length;
  counters.delivered += processed;
  counters.dropped += dropped;
  counters.dead += dead;
  metrics.messages.inc({ ...labels, outcome: 'processed' }, processed);
  metrics.messages.inc({ ...labels, outcome: 'dropped' }, dropped);
  metrics.messages.inc({ ...labels, outcome: 'dead' }, dead);
  metrics.messages.inc({ ...labels, outcome: 'known' }, messages.length - commit.outcomes.length);
  metrics.bytes.inc(
    labels,
    messages.reduce((sum, read) => sum + read.raw.length, 0),
  );
  metrics.batches.inc(labels, group.length);
  metrics.commitDuration.observe(labels, seconds);
  for (const letter of commit.deadLetters) metrics.deadLetters.inc({ ...labels, code: letter.code });
  if (commit.deadLetters.length > 0) tellDead(context, source, commit.deadLetters);
  for (const sink of [...context.sinks.map(({ name }) => name), ...(context.outbox?.names ?? [])])
    for (const status of ['Queued', 'Acknowledged', 'Dead'] as const) {
      const delivered = commit.deliveries.filter((d) => d.sink === sink && d.status === status).length;
      if (delivered > 0) metrics.rows.inc({ ...pipeline, sink, status }, delivered);
    }
  context.lastCommitAt = context.clock();
  if (group.some((batch) => batch.more)) return;
  const now = context.lastCommitAt.getTime();
  for (const read of messages)
    if (read.uid >= firstUidNext) metrics.latency.observe(labels, Math.max(0, now - read.receivedAt.getTime()) / 1000);
}

const tellDeadMs = 60_000;

/** Tells of dead letters, the first of each code at once and then once a minute; what died, and of what, `mailmill dead` shows. */
function tellDead(context: PipelineContext, source: string, letters: CommitRecord['deadLetters']): void {
  context.deadTold ??= new Map();
  const now = context.clock().getTime();
  for (const letter of letters) {
    const told = context.deadTold.get(letter.code) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
    context.deadTold.set(letter.code, { ...told, since: told.since + 1 });
  }
  for (const { code, step, sink } of letters) {
    const told = context.deadTold.get(code);
    if (!told || told.since === 0 || now - told.at < tellDeadMs) continue;
    context.deadTold.set(code, { at: now, since: 0 });
    context.log.warn('mail is dead: it is kept, and `mailmill dead list` shows why', {
      ...{ code, source, step, sink, count: told.since },
    });
  }
}

/** Counts a message that goes to mailparser, and tells where our own parser failed; never what it said, which may hold mail. */
export function countFallback(context: PipelineContext, source: string, reason: string, error: unknown): void {
  const { namespace, pipeline } = context.revision;
  context.metrics.parserFallback.inc({ namespace, pipeline, source, reason });
  const { name, message, stack = '' } = error instanceof Error ? error : { name: typeof error, message: '' };
  const frames = stack.slice(stack.indexOf(message) + message.length).match(/^ {4}at .*$/gm) ?? [];
  context.log.warn('our own parser failed on a message, which mailparser reads; please report where', {
    source,
    reason,
    error: name,
    stack: frames.slice(0, 5).join('\n'),
  });
}
