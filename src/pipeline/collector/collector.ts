import { randomUUID } from 'node:crypto';
import type { CollectorStatus } from '../../api/collector-status.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import type { Health } from '../../api/worker-status.ts';
import { Intake } from '../../sources/kept/intake.ts';
import { pushedFolder } from '../../sources/kept/source.ts';
import type { Listener, ListenerHost } from '../../sources/listener.ts';
import { Database } from '../../store/database.ts';
import { sessionName } from '../../store/dead-sessions.ts';
import type { Appended, KeptFolder } from '../../store/kept.ts';
import { forgetFinished, keptTotals } from '../../store/kept-retention.ts';
import { KeptWriter } from '../../store/kept-writer.ts';
import { checkServer, migrate } from '../../store/migrate.ts';
import type { CollectorMetrics } from '../../telemetry/collector-metrics.ts';
import { asMailmillError, type MailmillError, stackOf, stalled } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { Backoff, sleep } from '../backoff.ts';
import { nextHealth, notYet } from '../worker/health.ts';
import { stayPresent } from './presence.ts';
import type { CollectorRevision } from './revision.ts';

export interface CollectorOptions {
  readonly revision: CollectorRevision;
  /** Pod name, or host and pid. */
  readonly name: string;
  readonly storeUri: string;
  /** Value of one key of a Secret. Throws Stalled `SECRET_MISSING`. */
  readonly secret: (name: string, key: string) => Promise<string>;
  /** Address that the listener has. */
  readonly host: string;
  readonly metrics: CollectorMetrics;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Bytes of mail that is coming in, at most. */
  readonly budgetBytes: number;
  /** Milliseconds for messages that are under way after `stop`. */
  readonly graceMs: number;
  readonly onListening?: (listener: Listener) => void;
}

/** Milliseconds between looks at the store, between readings of the Secrets, and between two rounds of letting finished mail go. */
const lookMs = 5_000;
const refreshMs = 30_000;
const retentionMs = 60_000;

/** A process, or a part of one, that takes the mail of one source in and keeps it. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #id = randomUUID();
  readonly #startedAt: Date;
  readonly #database: Database;
  readonly #cut = new AbortController();
  readonly #writer: KeptWriter;
  readonly #intake: Intake;
  readonly #labels: { readonly namespace: string; readonly source: string };
  readonly #counters = { accepted: 0, repeated: 0, refused: 0, bytes: 0 };
  #listener: Listener | undefined;
  #store: Health;
  #listening: Health;
  #stall: MailmillError | undefined;
  #kept: { readonly messages: number; readonly bytes: number } | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
    const { revision, clock, metrics } = options;
    this.#startedAt = clock();
    this.#labels = { namespace: revision.namespace, source: revision.source };
    this.#store = notYet('NOT_YET_CHECKED', 'not yet checked', clock());
    this.#listening = notYet('NOT_YET_LISTENING', 'the store comes first', clock());
    this.#database = new Database({
      uri: options.storeUri,
      max: 3, // who writes, who lets go, and who tells that this one is alive
      applicationName: sessionName(this.#id),
      cut: this.#cut.signal,
    });
    const { keptSize, messageSize } = this.#spec.limits;
    this.#writer = new KeptWriter({
      database: this.#database,
      place: { ...this.#labels, account: revision.smtp ? 'smtp' : 'http', folder: pushedFolder },
      limits: { windowMs: milliseconds(this.#spec.repeatWindow), inlineBytes: bytes(keptSize) },
      onCommitted: (seconds) => metrics.commitDuration.observe(this.#labels, seconds),
    });
    metrics.keptLimit.set(this.#labels, bytes(keptSize));
    this.#intake = new Intake({
      append: (items) => this.#append(items),
      messageSize: bytes(messageSize),
      budgetBytes: options.budgetBytes,
      clock: () => clock().getTime(),
      onKept: (appended, size) => this.#count(appended, size),
    });
  }

  get #spec() {
    const { smtp, http, source } = this.#options.revision;
    const spec = smtp ?? http;
    if (!spec)
      throw stalled('SOURCE_KIND_UNKNOWN', `source ${source} has no listener that this version knows; update mailmill`);
    return spec;
  }

  get ready(): boolean {
    return this.#listener !== undefined;
  }

  /** Port of the listener, once it listens. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  status(): CollectorStatus {
    const { revision, name } = this.#options;
    const stall = this.#stall;
    return {
      version: 1,
      collector: name,
      startedAt: this.#startedAt.toISOString(),
      namespace: revision.namespace,
      source: revision.source,
      revision: revision.hash,
      ready: this.ready,
      store: this.#store,
      listener: {
        ...this.#listening,
        kind: this.#listener?.kind ?? (revision.smtp ? 'smtp' : 'http'),
        ...(this.#listener && { port: this.#listener.port }),
        connections: this.#listener?.connections() ?? 0,
      },
      counters: { ...this.#counters },
      ...(this.#kept && { kept: { ...this.#kept, limit: bytes(this.#spec.limits.keptSize) } }),
      ...(stall && { stalled: { code: stall.code, message: stall.message } }),
    };
  }

  /** Brings gauges up to date. */
  measure(): void {
    this.#options.metrics.connections.set(this.#labels, this.#listener?.connections() ?? 0);
  }

  /** Listens until `stop`; then ends in order. Never throws: what is wrong is told by `status` and tried again. */
  async run(stop: AbortSignal): Promise<void> {
    const { log, graceMs, name } = this.#options;
    const present = new AbortController();
    let presence: Promise<void> | undefined;
    try {
      await this.#begin(stop);
      if (this.#listener) {
        presence = stayPresent(this.#database, { id: this.#id, name }, log, present.signal);
        await this.#tend(stop);
      }
    } finally {
      await this.#listener?.close(graceMs);
      // What was received whole is kept, unless the store does not answer any more.
      const drained = new AbortController();
      present.abort();
      await Promise.race([Promise.all([this.#writer.drain(), presence]), sleep(graceMs, drained.signal)]);
      drained.abort();
      this.#cut.abort(new Error('the grace period is over'));
      await this.#database.close();
      log.info('collector ended', { ...this.#counters });
    }
  }

  /** Opens the store and the listener; tries again until it works. */
  async #begin(stop: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const backoff = new Backoff();
    while (!stop.aborted && !this.#listener) {
      try {
        await checkServer(this.#database);
        const applied = await migrate(this.#database);
        if (applied > 0) log.info('migrated the store', { migrations: applied });
        await this.#writer.open();
        this.#health(undefined);
        this.#listener = await this.#listen();
        this.#listening = nextHealth(this.#listening, undefined, this.#options.clock());
        this.#stall = undefined;
        this.#options.onListening?.(this.#listener);
        log.info('listening', { kind: this.#listener.kind, port: this.#listener.port });
      } catch (thrown) {
        const error = asMailmillError(thrown);
        this.#failed(error);
        if (!error.code.startsWith('STORE_'))
          this.#listening = nextHealth(this.#listening, error, this.#options.clock());
        this.#stall = error.family === 'Stalled' ? error : undefined;
        await sleep(backoff.next(error), stop);
      }
    }
  }

  async #listen(): Promise<Listener> {
    const { revision, host, secret, clock, log, metrics } = this.#options;
    const surroundings: ListenerHost = {
      intake: this.#intake,
      host,
      secret,
      clock,
      log,
      onRefused: (code) => {
        this.#counters.refused += 1;
        metrics.refused.inc({ ...this.#labels, code: String(code) });
      },
    };
    // Only the kind that it is: the packages of the other are not loaded.
    if (revision.smtp) return (await import('../../sources/smtp/listener.ts')).listenSmtp(revision.smtp, surroundings);
    if (revision.http) return (await import('../../sources/http/listener.ts')).listenHttp(revision.http, surroundings);
    throw stalled(
      'SOURCE_KIND_UNKNOWN',
      `source ${revision.source} has no listener that this version knows; update mailmill`,
    );
  }

  /** Looks after the store and the Secrets while the listener works. */
  async #tend(stop: AbortSignal): Promise<void> {
    const due = { refresh: refreshMs, retention: 0 };
    for (let at = 0; !stop.aborted; at += lookMs) {
      const folder = await this.#look(at >= due.retention);
      if (folder && at >= due.retention) due.retention = at + retentionMs;
      if (at >= due.refresh) {
        due.refresh = at + refreshMs;
        await this.refresh();
      }
      await sleep(lookMs, stop);
    }
  }

  /** Undefined: the store did not answer. */
  async #look(forget: boolean): Promise<KeptFolder | undefined> {
    const { metrics, log } = this.#options;
    try {
      const folder = await this.#writer.open();
      if (forget) {
        const windowMs = milliseconds(this.#spec.repeatWindow);
        const count = await forgetFinished(this.#database, folder, { keepMs: milliseconds(this.#spec.keep), windowMs });
        if (count > 0) log.info('let finished mail go that was kept long enough', { count });
      }
      this.#kept = await keptTotals(this.#database, folder);
      metrics.keptMessages.set(this.#labels, this.#kept.messages);
      metrics.keptBytes.set(this.#labels, this.#kept.bytes);
      this.#health(undefined);
      return folder;
    } catch (error) {
      this.#failed(asMailmillError(error));
      return undefined;
    }
  }

  /** Reads the Secrets of the listener again; what cannot be read now leaves the old ones in force. */
  async refresh(): Promise<void> {
    const { log, clock } = this.#options;
    try {
      await this.#listener?.refresh();
      this.#listening = nextHealth(this.#listening, undefined, clock());
      this.#stall = undefined;
    } catch (thrown) {
      const error = asMailmillError(thrown);
      // What was read before goes on to hold: mail is taken.
      if (this.#stall?.code !== error.code) log.warn(error.message, { code: error.code, family: error.family });
      this.#stall = error;
    }
  }

  async #append(...[items]: Parameters<KeptWriter['append']>): Promise<readonly Appended[]> {
    try {
      const appended = await this.#writer.append(items);
      this.#health(undefined);
      return appended;
    } catch (error) {
      this.#health(asMailmillError(error));
      throw error;
    }
  }

  #health(error: MailmillError | undefined): void {
    this.#store = nextHealth(this.#store, error, this.#options.clock());
  }

  #failed(error: MailmillError): void {
    if (error.code.startsWith('STORE_')) this.#health(error);
    this.#options.log.warn(error.message, {
      code: error.code,
      family: error.family,
      ...stackOf(error),
    });
  }

  #count(appended: readonly Appended[], size: number): void {
    const { metrics } = this.#options;
    const accepted = appended.filter(({ state }) => state === 'Kept').length;
    const repeated = appended.filter(({ state }) => state === 'Repeated').length;
    this.#counters.accepted += accepted;
    this.#counters.repeated += repeated;
    metrics.accepted.inc(this.#labels, accepted);
    metrics.repeated.inc(this.#labels, repeated);
    if (accepted === 0) return;
    this.#counters.bytes += size;
    metrics.bytes.inc(this.#labels, size);
  }
}
