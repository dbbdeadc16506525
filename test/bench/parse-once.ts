// usage: node test/bench/parse-once.ts PARSER CORPUS warm|cold
// One measurement of `npm run bench -- parse` in a process of its own: prints a JSON line.
import { attachments, spamAssassin } from '../support/corpus.ts';
import type { Sample } from './parse.ts';
import { loadParser, type Parser } from './parsers.ts';
import type { Corpus } from './servers.ts';

/** CPU time in microseconds that is spent on warming up, and at least spent on what is measured. */
const warmUp = 5_000_000;
const measured = 3_000_000;
/** Messages of a cold start. */
const coldMessages = 2_000;

const [parser, corpus, mode] = process.argv.slice(2) as [Parser, Corpus, 'warm' | 'cold'];
const parse = await loadParser(parser);
const cold = mode === 'cold';
const messages = [...(corpus === 'spamassassin' ? spamAssassin() : attachments())];
if (cold) messages.length = Math.min(messages.length, coldMessages);

const total = ({ user, system }: NodeJS.CpuUsage) => user + system;

/** Parses all messages once. */
async function pass(): Promise<number> {
  let length = 0;
  for (const raw of messages) {
    const one = parse(raw);
    length += one instanceof Promise ? await one : one;
  }
  return length;
}

/** Whole passes, so that every parser has seen all messages before it is measured, until so much CPU time is spent. */
async function warm(budget: number): Promise<void> {
  const start = process.cpuUsage();
  do await pass();
  while (total(process.cpuUsage(start)) < budget);
}

if (!cold) await warm(warmUp);
const process0 = process.cpuUsage();
const thread0 = process.threadCpuUsage();
const wall0 = performance.now();
let passes = 0;
let length = 0;
do {
  length = await pass();
  passes++;
} while (!cold && total(process.cpuUsage(process0)) < measured);
const sample: Sample = {
  messages: messages.length * passes,
  bytes: messages.reduce((sum, raw) => sum + raw.length, 0) * passes,
  textLength: length,
  cpuSeconds: total(process.cpuUsage(process0)) / 1e6,
  threadSeconds: total(process.threadCpuUsage(thread0)) / 1e6,
  wallSeconds: (performance.now() - wall0) / 1e3,
};
process.stdout.write(`${JSON.stringify(sample)}\n`);
