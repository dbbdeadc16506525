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

/** Memory is flat when ten times as much mail takes at most so much more of it. */
const flatGrowth = 0.1;

/** Peak memory of the worker over the corpus once, and over ten folders that each hold it. Returns whether it is flat. */
export async function memoryBench(runs: number): Promise<boolean> {
  await using bench = await startBench(['spamassassin']);
  const once = bench.messages.get('spamassassin')!;
  const ten = await multiply(bench, 'spamassassin', 'tenfold', 10);
  const folders = ['INBOX', 'Copy*'];
  const peaks: { readonly once: number[]; readonly ten: number[] } = { once: [], ten: [] };
  for (let turn = 1; turn <= runs; turn++) {
    const small = await ingest(bench, 'spamassassin', once);
    const large = await ingest(bench, 'tenfold', ten, folders);
    peaks.once.push(small.peakRssMiB);
    peaks.ten.push(large.peakRssMiB);
    note(`memory ${turn}/${runs}: once ${describe(small)}; ten times ${describe(large)}`);
  }
  const small = median(peaks.once);
  const large = median(peaks.ten);
  const growth = large / small - 1;
  print({
    name: 'ingest-memory',
    corpus: 'spamassassin',
    peakRssMiB: round(small, 1),
    peakRssMiBTenfold: round(large, 1),
    growth: round(growth, 3),
    growthAtMost: flatGrowth,
  });
  return growth <= flatGrowth;
}
