import type { PipelineStatus } from '../../api/worker-status.ts';
import { together } from '../../pipeline/folders/backfill-progress.ts';

/** What the view shows of one pipeline. */
export interface ProgressLine {
  readonly name: string;
  /** What it does now, in a word or two. */
  readonly state: string;
  readonly read: number;
  readonly lag: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly dead: number;
  /** Of old mail, while some is left. */
  readonly backfill?: { readonly done: number; readonly total: number; readonly secondsLeft?: number };
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

const plainEveryMs = 5_000;

/** Whether everything that the source had listed is finished and nothing new has been seen since. */
export function caughtUp(status: PipelineStatus): boolean {
  const folders = status.accounts.flatMap((account) => account.folders);
  return (
    status.stalled === undefined &&
    status.accounts.every((account) => account.role === 'Standby' || account.folders.length > 0) &&
    folders.length > 0 &&
    folders.every((folder) => (folder.state === 'Live' || folder.state === 'Polled') && folder.lagMessages === 0)
  );
}

function stateOf(status: PipelineStatus): string {
  if (status.stalled) return 'stalled';
  const { accounts } = status;
  if (!status.store.ok || accounts.length === 0) return 'starting';
  if (accounts.some((account) => !account.connection.ok)) return status.ready ? 'reconnecting' : 'connecting';
  if (accounts.every((account) => account.role === 'Standby')) return 'standing by';
  return caughtUp(status) ? 'up to date' : 'reading';
}

/** The line of a pipeline that a worker runs. */
export function progressLine(status: PipelineStatus, state: string = stateOf(status)): ProgressLine {
  const lag = status.accounts
    .flatMap((account) => account.folders)
    .reduce((sum, folder) => sum + folder.lagMessages, 0);
  const folders = status.accounts.flatMap((account) => account.folders.flatMap((folder) => folder.backfill ?? []));
  const backfill = together(folders);
  return { name: status.pipeline, state, lag, ...status.counters, ...(backfill && { backfill }) };
}

/** One line a pipeline: what it does, rate, lag, delivered, dropped, dead. Notes go above the lines. */
export class ProgressView {
  readonly #stream: Stream;
  readonly #samples = new Map<string, { readonly read: number; readonly at: number }>();
  #lines: readonly string[] = [];
  #figures = '';
  #plainAt = Number.NEGATIVE_INFINITY;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get #tty(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Draws the present state; on a terminal over the last one unless that was final, elsewhere when it has changed and at most every 5 s. */
  draw(pipelines: readonly ProgressLine[], now: number, final = false): void {
    const figures = JSON.stringify(pipelines);
    if (!this.#tty && (figures === this.#figures || (!final && now - this.#plainAt < plainEveryMs))) return;
    this.#figures = figures;
    this.#plainAt = now;
    const width = Math.max(4, ...pipelines.map((pipeline) => pipeline.name.length));
    const lines = pipelines.map((pipeline) => this.#line(pipeline, width, now));
    this.#erase();
    for (const line of lines) this.#stream.write(`${this.#fit(line)}\n`);
    this.#lines = this.#tty && !final ? lines : [];
  }

  /** Writes lines that stay, above those that change. */
  note(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
    for (const line of this.#lines) this.#stream.write(`${this.#fit(line)}\n`);
  }

  #erase(): void {
    if (this.#lines.length > 0) this.#stream.write(`\r\x1b[${this.#lines.length}A\x1b[J`);
  }

  /** A line that wraps would be two to go back over. */
  #fit(line: string): string {
    return this.#tty ? line.slice(0, (this.#stream.columns ?? 80) - 1) : line;
  }

  #line(
    { name, state, read, lag, delivered, dropped, dead, backfill }: ProgressLine,
    width: number,
    now: number,
  ): string {
    const before = this.#samples.get(name);
    const seconds = before ? (now - before.at) / 1000 : 0;
    const rate = before && seconds > 0 ? Math.max(0, Math.round((read - before.read) / seconds)) : 0;
    this.#samples.set(name, { read, at: now });
    const figures = [
      `${pad(rate, 5)}/s`,
      `lag ${pad(lag, 5)}`,
      `delivered ${pad(delivered, 6)}`,
      `dropped ${pad(dropped, 5)}`,
      `dead ${pad(dead, 3)}`,
      ...(backfill ? [toGo(backfill)] : []),
    ];
    return `${name.padEnd(width)}  ${state.padEnd(12)} ${figures.join('  ')}`;
  }
}

function toGo({ done, total, secondsLeft }: NonNullable<ProgressLine['backfill']>): string {
  const part = `${Math.floor((100 * done) / Math.max(1, total))} %`;
  if (secondsLeft === undefined) return part;
  const minutes = Math.round(secondsLeft / 60);
  const left =
    secondsLeft < 90 ? `${secondsLeft} s` : minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return `${part}, ${left} left`;
}

const pad = (value: number, width: number) => String(value).padStart(width);
