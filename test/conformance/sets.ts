import { arc } from './arc.ts';
import { autoreply } from './autoreply.ts';
import { bounces, bouncesHard } from './bounces.ts';
import { dkim } from './dkim.ts';
import { dmarc } from './dmarc.ts';
import { mime, mimeRecovery } from './mime.ts';
import { reports } from './reports.ts';
import type { ConformanceSet } from './score.ts';
import { spf } from './spf.ts';

/** Every set that `npm run conformance` knows, in the order that it prints them. A new set is one more line here. */
export const sets: readonly ConformanceSet[] = [
  mime,
  mimeRecovery,
  bounces,
  bouncesHard,
  autoreply,
  reports,
  spf,
  dkim,
  arc,
  dmarc,
];
