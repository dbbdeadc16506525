import { autoreply } from './autoreply.ts';
import { bounces, bouncesHard } from './bounces.ts';
import { mime, mimeRecovery } from './mime.ts';
import { reports } from './reports.ts';
import type { ConformanceSet } from './score.ts';

/** Every set that `npm run conformance` knows, in the order that it prints them. A new set is one more line here. */
export const sets: readonly ConformanceSet[] = [mime, mimeRecovery, bounces, bouncesHard, autoreply, reports];
