import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { spf, spfExceptions } from './spf.ts';

const data = path.resolve(import.meta.dirname, '../../../shared/data');

test.runIf(fs.existsSync(data))('every SPF case that fails is named with its reason', async () => {
  const cases = await spf.run(data);
  const failed = cases.filter(({ failures }) => failures.length > 0).map(({ file }) => file);
  expect(failed).toEqual(Object.keys(spfExceptions));
});
