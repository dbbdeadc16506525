// usage: npm run bench -- ingest [--memory] [--runs N] [--corpus NAME]
import { parseArgs } from 'node:util';
import { ingestBench, memoryBench } from './ingest.ts';
import { corpora } from './servers.ts';

const usage = `usage: npm run bench -- ingest [--memory] [--runs N] [--corpus NAME]

  ingest           from an IMAP folder to PostgreSQL rows, beside bare imapflow; a JSON line a corpus (${corpora.join(', ')})
  ingest --memory  peak memory of the worker over one corpus and over ten times as much
  --runs N         measured runs, of which the medians are printed (3)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    corpus: { type: 'string' },
  },
});
const runs = Number(values.runs);
const wanted = corpora.filter((corpus) => values.corpus === undefined || values.corpus === corpus);
if (positionals.join(' ') !== 'ingest' || !Number.isSafeInteger(runs) || runs < 1 || wanted.length === 0) {
  process.stderr.write(usage);
  process.exit(2);
}
await (values.memory ? memoryBench(runs) : ingestBench(wanted, runs));
// PostgreSQL's exit hook may hold the process otherwise.
process.exit(0);
