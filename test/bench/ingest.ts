import { bareRate, type Ingest, ingest } from './measure.ts';
import { type Corpus, multiply, startBench } from './servers.ts';
import { median, round } from './statistics.ts';

/** One object a line on stdout; what a person reads meanwhile goes to stderr. */
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const note = (text: string) => process.stderr.write(`${text}\n`);

const describe = (run: Ingest) => `${round(run.messagesPerSecond, 0)} messages/s, ${round(run.peakRssMiB, 1)} MiB`;

/** From folder to rows, beside bare imapflow on the same folder in turn: a line a corpus with medians. */
export async function ingestBench(corpora: readonly Corpus[], runs: number): Promise<void> {
  await using bench = await startBench(corpora);
  for (const corpus of corpora) {
    const messages = bench.messages.get(corpus)!;
    note(`${corpus}: ${messages} messages; warming up`);
    await bareRate(bench, corpus);
    const bare: number[] = [];
    const ours: Ingest[] = [];
    for (let turn = 1; turn <= runs; turn++) {
      bare.push(await bareRate(bench, corpus));
      ours.push(await ingest(bench, corpus, messages));
      note(`${corpus} ${turn}/${runs}: bare ${round(bare.at(-1)!, 0)} messages/s; ${describe(ours.at(-1)!)}`);
    }
    const rate = median(ours.map((run) => run.messagesPerSecond));
    print({
      name: 'ingest',
      corpus,
      messagesPerSecond: round(rate, 1),
      ratioToBareFetch: round(rate / median(bare), 3),
      peakRssMiB: round(median(ours.map((run) => run.peakRssMiB)), 1),
    });
  }
}

/** Memory is flat when the second half of a long run takes at most so much more than its first half did. */
const flatGrowth = 0.1;
/** How often that run reads the corpus: V8's heap and the allocator come to rest after some 100,000 messages, which is a third of it. */
const times = 60;

/**
 * Peak memory of the worker over the corpus once, and over many folders that each hold it: of the whole run, and of its first half. What
 * grows with the mail that was read shows between these two: 200 bytes a message are beyond the bound. Two processes that come to rest at
 * different heights tell nothing of it. Returns whether memory is flat.
 */
export async function memoryBench(runs: number): Promise<boolean> {
  await using bench = await startBench(['spamassassin']);
  const once = bench.messages.get('spamassassin')!;
  const all = await multiply(bench, 'spamassassin', 'long', times);
  const short: Ingest[] = [];
  const long: Ingest[] = [];
  for (let turn = 1; turn <= runs; turn++) {
    short.push(await ingest(bench, 'spamassassin', once));
    long.push(await ingest(bench, 'long', all, ['INBOX', 'Copy*']));
    const half = round(long.at(-1)!.peakRssMiBOfFirstHalf, 1);
    note(
      `memory ${turn}/${runs}: once ${describe(short.at(-1)!)}; ${times} times ${describe(long.at(-1)!)}, ${half} MiB in the first half`,
    );
  }
  const growth = median(long.map((run) => run.peakRssMiB / run.peakRssMiBOfFirstHalf)) - 1;
  print({
    name: 'ingest-memory',
    corpus: 'spamassassin',
    peakRssMiB: round(median(short.map((run) => run.peakRssMiB)), 1),
    peakRssMiBSixtyfold: round(median(long.map((run) => run.peakRssMiB)), 1),
    peakRssMiBOfFirstHalf: round(median(long.map((run) => run.peakRssMiBOfFirstHalf)), 1),
    growth: round(growth, 3),
    growthAtMost: flatGrowth,
  });
  return growth <= flatGrowth;
}
