import { startTcpProxy } from '../support/tcp-proxy.ts';
import { bareRate, type Ingest, ingest } from './measure.ts';
import { type Bench, type Corpus, startBench } from './servers.ts';
import { median, round } from './statistics.ts';

/** Milliseconds from a command to the first byte of its answer, beside what the server takes. */
const roundTripMs = 50;

const note = (text: string) => process.stderr.write(`${text}\n`);

/**
 * The ingest bench with a mail server that is far away: a line a corpus with medians, of the same fields. The bare fetch goes the same way; the rate
 * without the way, and by which factor it is higher, are told on stderr.
 */
export async function latencyBench(corpora: readonly Corpus[], runs: number): Promise<void> {
  await using bench = await startBench(corpora);
  const proxy = await startTcpProxy(bench.dovecot, roundTripMs);
  const far: Bench = { ...bench, dovecot: { ...bench.dovecot, host: proxy.host, port: proxy.port } };
  try {
    for (const corpus of corpora) {
      const messages = bench.messages.get(corpus)!;
      await bareRate(bench, corpus);
      const bare: number[] = [];
      const near: Ingest[] = [];
      const ours: Ingest[] = [];
      for (let turn = 1; turn <= runs; turn++) {
        bare.push(await bareRate(far, corpus));
        near.push(await ingest(bench, corpus, messages));
        ours.push(await ingest(far, corpus, messages));
        const rates = [bare.at(-1)!, near.at(-1)!.messagesPerSecond, ours.at(-1)!.messagesPerSecond];
        const [fetch, without, rate] = rates.map((each) => round(each, 0));
        note(
          `${corpus} ${turn}/${runs}: ${rate} messages/s; without ${roundTripMs} ms ${without}; bare fetch ${fetch}`,
        );
      }
      const rate = median(ours.map((run) => run.messagesPerSecond));
      const factor = median(near.map((run) => run.messagesPerSecond)) / rate;
      note(`${corpus}: ${round(factor, 2)} times as fast without ${roundTripMs} ms of round-trip time`);
      const line = {
        name: 'latency',
        corpus,
        messagesPerSecond: round(rate, 1),
        ratioToBareFetch: round(rate / median(bare), 3),
        peakRssMiB: round(median(ours.map((run) => run.peakRssMiB)), 1),
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  } finally {
    await proxy.stop();
  }
}
