import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import type { Dovecot } from '../support/dovecot.ts';
import type { Postgres } from '../support/postgres.ts';
import type { FaultyProxy } from './faulty-proxy.ts';
import type { MailboxLife } from './mailbox-life.ts';
import type { Workers } from './workers.ts';

export interface SourceFaults {
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
  /** Between the workers and the mail server. */
  readonly mail: FaultyProxy;
  /** Between the workers and PostgreSQL, store and sink. */
  readonly store: FaultyProxy;
  readonly workers: Workers;
  readonly life: MailboxLife;
  readonly random: Random;
}

/** Longer than a lease. */
const pastTheLeaseMs = 17_000;

/** Everything that can go wrong, by name. None needs to be undone by the caller but what `heal` of the proxies undoes. */
export function faultsOf(it: SourceFaults): readonly (readonly [string, () => Promise<void>])[] {
  const { dovecot, postgres, mail, store, workers, life, random } = it;
  const forAWhile = (most: number) => sleep(random.int(most));
  return [
    ['mail cut at a byte', async () => mail.fate({ kind: 'cut', afterBytes: random.int(200_000) })],
    ['mail cut in a login', async () => mail.fate({ kind: 'cut', afterBytes: random.int(900) })],
    ['mail delayed', async () => mail.fate({ kind: 'delay', ms: random.int(300) })],
    ['mail half-open', async () => mail.fate({ kind: 'half-open' })],
    [
      'mail refused',
      async () => {
        mail.refuse();
        await forAWhile(3_000);
        mail.fate({ kind: 'pass' });
      },
    ],
    ['mail passes again', async () => mail.heal()],
    ['store cut at a byte', async () => store.fate({ kind: 'cut', afterBytes: random.int(20_000) })],
    ['store half-open', async () => store.fate({ kind: 'half-open' })],
    [
      'store refused',
      async () => {
        store.refuse();
        await forAWhile(4_000);
        store.fate({ kind: 'pass' });
      },
    ],
    ['store passes again', async () => store.heal()],
    [
      'store restarted',
      async () => {
        if (random.int(2) === 0) await postgres.restart();
        else {
          await postgres.kill();
          await forAWhile(2_000);
          await postgres.start();
        }
      },
    ],
    [
      'mail server restarted',
      async () => {
        await life.leave();
        await dovecot.down();
        await forAWhile(2_000);
        await dovecot.start();
      },
    ],
    ['worker killed', async () => workers.kill(random)],
    ['worker paused past its lease', async () => workers.pause(random, pastTheLeaseMs + random.int(5_000))],
    [
      'password wrong for a while',
      async () => {
        await life.leave();
        await dovecot.setPassword(life.user, 'changed');
        mail.refuse();
        mail.fate({ kind: 'pass' });
        await forAWhile(3_000);
        await dovecot.setPassword(life.user, 'secret');
      },
    ],
  ];
}
