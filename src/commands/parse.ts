import fs from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { dump } from 'js-yaml';
import { sha256 } from '../message/fields.ts';
import { readWhole } from '../message/read-whole.ts';
import type { Command, CommandIo } from './command.ts';
import { toPlain } from './parse/plain.ts';
import { rawTree } from './parse/raw-tree.ts';

const usage = `usage: mailmill parse FILE.eml|- [--json]
       mailmill parse FILE.eml|- --raw-tree [--json]

Reads one message (- is standard input) and prints it normalised, as pipelines see it: envelope, text, HTML, reply, links,
attachments, list headers, thread key, the raw header, what was repaired (defects), and the report that it is: a bounce, complaint,
read receipt, automatic reply, DMARC or TLS report. src/message/message.md describes it. Writes nothing.

  --json        JSON instead of YAML; so is what is longer than 1 Mi characters
  --raw-tree    the MIME structure instead: parts with byte offsets in the file (start of the header, of the body, end)

example: mailmill parse message.eml --raw-tree`;

/** Largest message that is read. */
const maxSize = 256 * 2 ** 20;

/** Characters of the longest YAML: js-yaml exceeds the stack on longer texts. JSON is YAML too. */
const maxYaml = 2 ** 20;

/** Why a file cannot be read, by the system's code, and what to do. */
const unreadable: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file; give the path of one message'],
  ['EISDIR', 'it is a directory; give the path of one message in it'],
  ['EACCES', 'you may not; run this as somebody who may, or give the message on standard input'],
]);

/** Everything that a stream gives; null when that is more than the largest message. */
async function readAll(stream: Readable, signal: AbortSignal): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, stream)) {
    const bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > maxSize) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The whole normalised message, as a worker reads it; `message.schema.json` describes it. */
async function normalised(raw: Buffer): Promise<object> {
  return { size: raw.length, rawSha256: sha256(raw), ...(await readWhole(raw)) };
}

function parse(args: readonly string[]) {
  const options = {
    json: { type: 'boolean', default: false },
    'raw-tree': { type: 'boolean', default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) return { problem: 'expected one file' };
    return { file, json: values.json, tree: values['raw-tree'] };
  } catch (error) {
    // Node's message about an unknown option names it and says what to do.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function run(args: readonly string[], io: CommandIo, stdin: Readable = process.stdin): Promise<number> {
  const parsed = parse(args);
  if ('problem' in parsed) {
    io.stderr.write(`${parsed.problem}\n\n${usage}\n`);
    return 2;
  }
  const { file, json, tree } = parsed;
  let raw: Buffer | null;
  try {
    raw = await readAll(file === '-' ? stdin : fs.createReadStream(file), io.signal);
  } catch (error) {
    if (io.signal.aborted) return 130;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    io.stderr.write(`cannot read ${file}: ${unreadable.get(code) ?? (code || String(error))}\n`);
    return 1;
  }
  if (raw === null) {
    io.stderr.write(`${file} is larger than ${maxSize / 2 ** 20} MiB: no message is\n`);
    return 1;
  }
  const value = toPlain(tree ? rawTree(raw) : await normalised(raw));
  const text = `${JSON.stringify(value, null, 2)}\n`;
  // Lines of mail are not wrapped: they stay as they are.
  io.stdout.write(json || text.length > maxYaml ? text : dump(value, { lineWidth: -1, noRefs: true }));
  return 0;
}

export const command: Command = { name: 'parse', summary: 'print one message normalised', usage, run };
