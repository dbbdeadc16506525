// usage: npm run test:chaos -- operator|sources [--seed N] [--minutes M]
import { parseArgs } from 'node:util';
import { operatorChaos } from './operator.ts';
import { sourcesChaos } from './sources.ts';

const usage = `usage: npm run test:chaos -- operator|sources [--seed N] [--minutes M]

  operator     two operators on a real control plane; the leader is killed and paused, the API server restarted, while the
               resources change; afterwards the children must be those of a run without faults. Needs root
  sources      three workers on one mailbox: connections cut, delayed and half-open, processes killed and paused past their
               lease, both servers restarted, wrong passwords, while mail is delivered, moved and expunged and folders are
               made again; afterwards no message may be lost or doubled. Needs root
  --seed N     of changes, faults and their moments (1)
  --minutes M  at least each fault once, and more of them for longer runs (3); of operator, below 2: each once, with a short pause
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '3' } },
});
const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
const kind = positionals.join(' ');
if ((kind !== 'operator' && kind !== 'sources') || !Number.isSafeInteger(seed) || !(minutes > 0)) {
  process.stderr.write(usage);
  process.exit(2);
}
try {
  const options = { seed, minutes, log: (line: string) => void process.stdout.write(`${line}\n`) };
  if (kind === 'operator') await operatorChaos(options);
  else if (!(await sourcesChaos(options))) throw new Error('messages were lost or doubled');
} catch (error) {
  process.stdout.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stdout.write(`repeat it: npm run test:chaos -- ${kind} --seed ${seed} --minutes ${minutes}\n`);
  process.exit(1);
}
process.exit(0);
