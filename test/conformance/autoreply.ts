import fs from 'node:fs';
import path from 'node:path';
import { readReport } from '../../src/message/reports/read-report.ts';
import { type ConformanceSet, guarded, readCase } from './score.ts';

interface Labels {
  readonly autoreply: readonly string[];
  readonly notAutoreply: readonly string[];
}

/** Whether a message is an automatic reply: the few that are, and the many bounces that look alike. */
export const autoreply: ConformanceSet = {
  name: 'autoreply',
  target: 1,
  run: (data) => {
    const labels: Labels = JSON.parse(fs.readFileSync(path.join(data, 'bounces', 'autoreply.json'), 'utf8'));
    const cases = [
      ...labels.autoreply.map((file) => ({ file, expected: true })),
      ...labels.notAutoreply.map((file) => ({ file, expected: false })),
    ];
    return Promise.all(
      cases.map(({ file, expected }) =>
        guarded(file, () => {
          const got = readReport(readCase(data, 'bounces', file))?.kind === 'autoReply';
          return { file, failures: got === expected ? [] : [{ field: 'autoreply', expected, got }] };
        }),
      ),
    );
  },
};
