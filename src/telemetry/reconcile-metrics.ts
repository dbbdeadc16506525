import { Gauge, type Registry } from './prometheus.ts';

/** Of the messages that were compared, by what became of them. */
const states = {
  listed: 'Messages that the mailboxes listed at the last comparison with the store (reconcile).',
  recorded: 'Of the messages listed at the last reconcile, those recorded.',
  dead: 'Of the messages recorded at the last reconcile, dead letters that nobody had resolved.',
  excluded: 'Of the messages listed at the last reconcile, those older than `since`, or left out by their labels.',
  unfinished: 'Of the messages listed at the last reconcile, those not finished yet.',
  missing: 'Of the messages listed at the last reconcile, those finished and not recorded: lost. Must be 0.',
  gone: 'Messages that were gone before they were read, as the last reconcile counted them.',
} as const;

type State = keyof typeof states;

/** What is known of the scheduled comparisons of one pipeline. */
export interface ReconcileFigures {
  readonly namespace: string;
  readonly pipeline: string;
  /** Of the newest that could read anything. */
  readonly counts?: Readonly<Partial<Record<State | 'unread', number>>>;
  /** End of the newest that could read everything. */
  readonly succeededAt?: Date;
  /** When it will have been too long since. */
  readonly overdueAt?: Date;
}

/** Figures of the last reconcile of each pipeline, asked for when somebody scrapes. */
export function reconcileMetrics(registry: Registry, figures: () => readonly ReconcileFigures[]): void {
  const gauge = (name: string, help: string, value: (of: ReconcileFigures) => number | undefined) =>
    new Gauge({
      ...{ name, help, labelNames: ['namespace', 'pipeline'] as const, registers: [registry] },
      collect() {
        this.reset();
        for (const each of figures()) {
          const { namespace, pipeline } = each;
          const now = value(each);
          if (now !== undefined) this.set({ namespace, pipeline }, now);
        }
      },
    });
  for (const [state, help] of Object.entries(states) as [State, string][])
    gauge(`mailmill_reconcile_${state}_messages`, help, ({ counts }) => counts?.[state]);
  gauge(
    'mailmill_reconcile_unread_accounts',
    'Accounts that the last reconcile could not read.',
    ({ counts }) => counts?.unread,
  );
  const seconds = (time: Date | undefined) => time && time.getTime() / 1000;
  gauge(
    'mailmill_reconcile_success_timestamp_seconds',
    'When a reconcile last succeeded: every account was compared, whatever was found.',
    ({ succeededAt }) => seconds(succeededAt),
  );
  gauge(
    'mailmill_reconcile_overdue_timestamp_seconds',
    'When two scheduled reconciles in a row will not have succeeded: the second scheduled time after the last success.',
    ({ overdueAt }) => seconds(overdueAt),
  );
}
