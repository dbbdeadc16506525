// usage: npm run test:chaos -- operator [--seed N] [--minutes M]
import { parseArgs } from 'node:util';
import { operatorChaos } from './operator.ts';

const usage = `usage: npm run test:chaos -- operator [--seed N] [--minutes M]

  operator     two operators on a real control plane; the leader is killed and paused, the API server restarted, while the
               resources change; afterwards the children must be those of a run without faults. Needs root
  --seed N     of changes, faults and their moments (1)
  --minutes M  at least each fault once, and more of them for longer runs (3)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '3' } },
});
const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
if (positionals.join(' ') !== 'operator' || !Number.isSafeInteger(seed) || !(minutes > 0)) {
  process.stderr.write(usage);
  process.exit(2);
}
try {
  await operatorChaos({ seed, minutes, log: (line) => process.stdout.write(`${line}\n`) });
} catch (error) {
  process.stdout.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stdout.write(`repeat it: npm run test:chaos -- operator --seed ${seed} --minutes ${minutes}\n`);
  process.exit(1);
}
process.exit(0);
