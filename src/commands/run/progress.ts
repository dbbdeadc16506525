import type { PipelineStatus } from '../../api/worker-status.ts';

interface Sample {
  readonly read: number;
  readonly at: number;
}

/** One line a pipeline: rate, lag, delivered, dead, and what is wrong. */
export class ProgressView {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #samples = new Map<string, Sample>();
  #drawn = 0;
  #lastPlain = 0;

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }) {
    this.#stream = stream;
  }

  /** Draws the present state; on a terminal over the last one, elsewhere at most every 5 s. */
  draw(pipelines: readonly PipelineStatus[], now: number, final = false): void {
    const tty = this.#stream.isTTY === true;
    if (!tty && !final && now - this.#lastPlain < 5_000) return;
    this.#lastPlain = now;
    const lines = pipelines.map((pipeline) => this.#line(pipeline, now));
    if (tty && this.#drawn > 0) this.#stream.write(`\x1b[${this.#drawn}A`);
    for (const line of lines) this.#stream.write(tty ? `\x1b[2K${line}\n` : `${line}\n`);
    this.#drawn = lines.length;
  }

  #line(status: PipelineStatus, now: number): string {
    const { read, delivered, dropped, dead } = status.counters;
    const before = this.#samples.get(status.pipeline);
    const seconds = before ? (now - before.at) / 1000 : 0;
    const rate = before && seconds > 0 ? Math.round((read - before.read) / seconds) : 0;
    this.#samples.set(status.pipeline, { read, at: now });
    const lag = status.accounts
      .flatMap((account) => account.folders)
      .reduce((sum, folder) => sum + folder.lagMessages, 0);
    const trouble = [
      status.stalled,
      status.store,
      ...status.sinks,
      ...status.accounts.map((account) => account.connection),
    ].find(
      (health) =>
        health && (!('ok' in health) || !health.ok) && health.code !== undefined && !health.code.startsWith('NOT_YET'),
    );
    const figures = `${pad(rate, 6)}/s  lag ${pad(lag, 6)}  delivered ${pad(delivered, 7)}  dropped ${pad(dropped, 6)}  dead ${pad(dead, 4)}`;
    return `${status.pipeline.padEnd(24)} ${figures}${trouble ? `  ${trouble.code}: ${trouble.message}` : ''}`;
  }
}

const pad = (value: number, width: number) => String(value).padStart(width);
