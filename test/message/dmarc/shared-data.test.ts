import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { reports } from '../../conformance/reports.ts';
import { score } from '../../conformance/score.ts';

const data = path.resolve(import.meta.dirname, '../../../../shared/data');
const present = fs.existsSync(path.join(data, 'reports/expected.json'));

test('the conformance data is there where it must be', () => {
  expect(present || !process.env.CI, `${data}/reports is missing`).toBe(true);
  if (!present) process.stderr.write(`left out: no conformance data in ${data}/reports\n`);
});

test.runIf(present)('every report of the shared data has its recorded fields', async () => {
  const { total, passed, failed } = score('reports', await reports.run(data));
  expect(failed).toEqual([]);
  expect(total).toBeGreaterThanOrEqual(21);
  expect(passed).toBe(total);
});
