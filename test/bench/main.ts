// usage: npm run bench -- ingest|parse|startup [--memory] [--runs N] [--corpus NAME]
import { parseArgs } from 'node:util';
import { ingestBench, memoryBench } from './ingest.ts';
import { parseBench } from './parse.ts';
import { corpora } from './servers.ts';
import { startupBench } from './startup.ts';

const usage = `usage: npm run bench -- ingest [--memory] [--runs N] [--corpus NAME]
       npm run bench -- parse [--runs N] [--corpus NAME]
       npm run bench -- startup [--source] [--runs N]

  ingest           from an IMAP folder to PostgreSQL rows, beside bare imapflow; a JSON line a corpus (${corpora.join(', ')})
  ingest --memory  peak memory of the worker over one corpus and over ten times as much
  parse            messages parsed per CPU second of the process (all its threads), SHA-256 of the raw bytes and decoded text
                   included, beside mailparser and postal-mime: a JSON line a corpus and parser; ratios and the rate of the
                   first messages of a process go to stderr
  startup          from the start of a worker's process to its first FETCH, compiled as in the image (--source: from src/), with
                   a migrated store and with a new one
  --runs N         measured runs, of which the medians are printed (3)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    corpus: { type: 'string' },
    source: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const wanted = corpora.filter((corpus) => values.corpus === undefined || values.corpus === corpus);
const [bench, ...rest] = positionals;
const known = bench === 'ingest' || ((bench === 'parse' || bench === 'startup') && !values.memory);
if (!known || rest.length > 0 || !Number.isSafeInteger(runs) || runs < 1 || wanted.length === 0) {
  process.stderr.write(usage);
  process.exit(2);
}
if (bench === 'parse') await parseBench(wanted, runs);
else if (bench === 'startup') await startupBench(runs, values.source);
else await (values.memory ? memoryBench(runs) : ingestBench(wanted, runs));
// PostgreSQL's exit hook may hold the process otherwise.
process.exit(0);
