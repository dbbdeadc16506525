// usage: npm run bench -- ingest|sink|webhook|parse|startup|idle|latency|peers|operator [--memory] [--runs N] [--corpus NAME]
import { parseArgs } from 'node:util';
import { idleBench } from './idle.ts';
import { ingestBench, memoryBench } from './ingest.ts';
import { latencyBench } from './latency.ts';
import { operatorBench } from './operator.ts';
import { parseBench } from './parse.ts';
import { peersBench } from './peers.ts';
import { corpora } from './servers.ts';
import { sinkBench } from './sink.ts';
import { startupBench } from './startup.ts';
import { webhookBench } from './webhook.ts';

const usage = `usage: npm run bench -- ingest [--memory] [--runs N] [--corpus NAME]
       npm run bench -- latency [--runs N] [--corpus NAME]
       npm run bench -- sink [--runs N] [--corpus NAME]
       npm run bench -- webhook [--runs N]
       npm run bench -- parse [--runs N] [--corpus NAME]
       npm run bench -- startup [--source] [--runs N]
       npm run bench -- idle [--mailboxes N] [--tls] [--source]
       npm run bench -- peers [--only small|large] [--peers NAME,…] [--runs N]
       npm run bench -- operator [--pipelines N] [--profile DIR] [--source]

  ingest           from an IMAP folder to PostgreSQL rows by a worker as the image has it, beside bare imapflow; a JSON line a corpus
                   (${corpora.join(', ')})
  ingest --memory  peak memory of the worker over one corpus and over sixty; exit code 1 when the latter's second half takes a tenth more than its first
  sink             rows of a corpus through the PostgreSQL sink, beside COPY of the same rows: a JSON line a corpus
  webhook          deliveries of a corpus from the outbox to a local receiver, and into the outbox; a JSON line for 1, 8 and 32 requests
                   at the same time
  parse            messages parsed per CPU second of the process (all its threads), SHA-256 of the raw bytes and decoded text
                   included, beside mailparser and postal-mime: a JSON line a corpus and parser; ratios and the rate of the
                   first messages of a process go to stderr
  startup          from the start of a worker's process to its first FETCH, compiled as in the image (--source: from src/), with
                   a migrated store and with a new one
  latency          as ingest, with 50 ms of round-trip time to the mail server, by a proxy of its own
  idle             1,000 idle mailboxes behind one source, in one worker, on a real Dovecot: memory (the most seen once all are live), seconds
                   until all are in IDLE, CPU at rest, and seconds from delivery to committed row of 1,000 messages. Needs root: it raises
                   fs.inotify.max_user_instances while it runs
  peers            the other tools of ../shared/peers and Mailmill, each from an IMAP folder to rows of the same table; their table,
                   and a JSON line. Installs what is missing (Debian, root) and keeps downloads in WORK (/var/cache/mailmill/peers)
  operator         1,000 pipelines over 200 sources in 20 namespaces on a real API server and controller manager (the bench plays the
                   kubelet): seconds until all is applied and told, a quiet minute, a cold restart; a JSON line each. Needs root
  --mailboxes N    of idle: so many instead
  --tls            of idle: with implicit TLS to the mail server
  --pipelines N    of operator: so many instead, a multiple of 100 (a fifth of it sources)
  --profile DIR    of operator: CPU profiles of the operator
  --only, --peers  of peers: one corpus in full; some of the peers beside Mailmill (python,camel,angus-jdbc,node-common,…)
  --runs N         measured runs, of which the medians are printed (3)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    corpus: { type: 'string' },
    source: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: { type: 'string' },
    pipelines: { type: 'string', default: '1000' },
    mailboxes: { type: 'string', default: '1000' },
    tls: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const runs = Number(values.runs);
const wanted = corpora.filter((corpus) => values.corpus === undefined || values.corpus === corpus);
const [bench, ...rest] = positionals;
const known =
  bench === 'ingest' ||
  (['sink', 'webhook', 'parse', 'startup', 'idle', 'latency', 'peers', 'operator'].includes(bench ?? '') &&
    !values.memory);
const pipelines = Number(values.pipelines);
const mailboxes = Number(values.mailboxes);
const only = values.only === 'small' || values.only === 'large' ? values.only : undefined;
if (
  !known ||
  only !== values.only ||
  rest.length > 0 ||
  !Number.isSafeInteger(runs) ||
  runs < 1 ||
  !Number.isSafeInteger(pipelines / 100) ||
  pipelines < 100 ||
  !Number.isSafeInteger(mailboxes) ||
  mailboxes < 1 ||
  wanted.length === 0
) {
  process.stderr.write(usage);
  process.exit(2);
}
let flat = true;
if (bench === 'sink') await sinkBench(wanted, runs);
else if (bench === 'webhook') await webhookBench(runs);
else if (bench === 'parse') await parseBench(wanted, runs);
else if (bench === 'startup') await startupBench(runs, values.source);
else if (bench === 'latency') await latencyBench(wanted, runs);
else if (bench === 'idle') {
  const { tls, source } = values;
  await idleBench({ mailboxes, tls, source, restSeconds: 60, messages: 1_000, deliverSeconds: 100 });
} else if (bench === 'operator') {
  const { profile, source } = values;
  await operatorBench({ pipelines, sources: pipelines / 5, namespaces: 20, quietSeconds: 60, profile, source });
} else if (bench === 'peers') {
  const problem = await peersBench({ only, runs, peers: values.peers });
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exit(2);
  }
} else if (values.memory) flat = await memoryBench(runs);
else await ingestBench(wanted, runs);
if (!flat) process.stderr.write('memory is not flat: the growth is beyond its bound\n');
// PostgreSQL's exit hook may hold the process otherwise.
process.exit(flat ? 0 : 1);
