import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Parser, parsers } from './parsers.ts';
import type { Corpus } from './servers.ts';
import { median, round } from './statistics.ts';

const run = promisify(execFile);
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const note = (text: string) => process.stderr.write(`${text}\n`);

/** What one process measured. */
export interface Sample {
  readonly messages: number;
  readonly bytes: number;
  /** UTF-16 units of text and HTML in one pass over the corpus. */
  readonly textLength: number;
  /** CPU time of the whole process: the parser's thread, the garbage collector's and the compiler's. */
  readonly cpuSeconds: number;
  /** CPU time of the parser's thread alone. */
  readonly threadSeconds: number;
  readonly wallSeconds: number;
}

async function measure(parser: Parser, corpus: Corpus, mode: 'warm' | 'cold'): Promise<Sample> {
  const script = new URL('parse-once.ts', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [script, parser, corpus, mode]);
  const sample = JSON.parse(stdout) as Sample;
  if (sample.textLength === 0) throw new Error(`void: ${parser} read no text of ${corpus}`);
  return sample;
}

const perCpu = (sample: Sample) => sample.messages / sample.cpuSeconds;

const describe = (sample: Sample) =>
  `${round(perCpu(sample), 0)} messages per CPU second (${round(sample.messages / sample.threadSeconds, 0)} of the parser's thread, ${round(sample.messages / sample.wallSeconds, 0)} by the clock)`;

/**
 * Every parser over every corpus, each in a process of its own, in turn: a line each with medians, and the first messages of
 * a fresh process. Rates are by CPU time of the whole process, which is what one core does however busy the machine is;
 * threads that collect garbage and compile count against the parser.
 */
export async function parseBench(corpora: readonly Corpus[], runs: number): Promise<void> {
  for (const corpus of corpora) {
    const samples = new Map<Parser, Sample[]>(parsers.map((parser) => [parser, []]));
    for (let turn = 1; turn <= runs; turn++)
      for (const parser of parsers) {
        const sample = await measure(parser, corpus, 'warm');
        samples.get(parser)?.push(sample);
        note(`${corpus} ${turn}/${runs} ${parser}: ${describe(sample)}`);
      }
    const rates = new Map<Parser, number>();
    for (const [parser, all] of samples) {
      const rate = median(all.map(perCpu));
      rates.set(parser, rate);
      const megabytes = median(all.map((sample) => sample.bytes / 1e6 / sample.cpuSeconds));
      print({
        name: 'parse',
        corpus,
        parser,
        messagesPerSecond: round(rate, 1),
        megabytesPerSecond: round(megabytes, 1),
      });
    }
    const ours = rates.get('mailmill') ?? 0;
    for (const [parser, rate] of rates)
      if (parser !== 'mailmill') note(`${corpus}: mailmill is ${round(ours / rate, 1)} × ${parser}`);
    for (const parser of parsers)
      note(`${corpus} cold ${parser}: ${describe(await measure(parser, corpus, 'cold'))} in the first of a process`);
  }
}
