// usage: node test/generate/main.ts [--check]    every generated file: what src/api makes, then the message's schema and page
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageDocs } from './message-docs.ts';
import { messageSchema } from './message-schema.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const check = process.argv.includes('--check');

const api = spawnSync(process.execPath, [`${root}src/api/generate.ts`, ...(check ? ['--check'] : [])], {
  stdio: 'inherit',
});
const schema = messageSchema();
const files = {
  'src/message/message.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  'src/message/message.md': messageDocs(schema),
};
let stale = 0;
for (const [file, text] of Object.entries(files)) {
  const there = fs.existsSync(root + file) ? fs.readFileSync(root + file, 'utf8') : '';
  if (there === text) continue;
  stale++;
  process.stderr.write(`${file}: ${check ? 'stale; run npm run generate' : 'written'}\n`);
  if (!check) fs.writeFileSync(root + file, text);
}
process.exitCode = api.status !== 0 || (check && stale > 0) ? 1 : 0;
