import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { stalled } from '../../telemetry/errors.ts';
import { tarEnd, tarFile } from './tar.ts';

/** A file of a bundle. */
export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

/** Where a bundle goes: a file that is there once it is complete, or a stream that stays open. */
export type BundleTarget = { readonly file: string } | { readonly stream: NodeJS.WritableStream };

/**
 * Writes a gzipped tar of these files, all in one folder, each as soon as it comes. Throws Stalled `REPORT_NOT_WRITTEN` when the file cannot
 * be written, else what `files` throws; nothing is left behind then.
 */
export async function writeBundle(
  target: BundleTarget,
  folder: string,
  files: AsyncIterable<BundleFile>,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const source = files[Symbol.asyncIterator]();
  const next = async () => {
    try {
      return await source.next();
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  async function* entries() {
    for (let step = await next(); !step.done; step = await next()) {
      const { name, text } = step.value;
      yield tarFile({ name: `${folder}/${name}`, content: Buffer.from(text), modifiedAt: now() / 1000 });
    }
    yield tarEnd();
  }
  const packed = Readable.from(entries(), { objectMode: false });
  if ('stream' in target) {
    await pipeline(packed, createGzip(), target.stream, { signal, end: false });
    return;
  }
  const { file } = target;
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    const written: Writable = createWriteStream(part, { flags: 'wx', mode: 0o600 });
    await pipeline(packed, createGzip(), written, { signal });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
    const what = `the report cannot be written to ${file}; name another place with --output FILE.tar.gz, or - for standard output`;
    throw stalled('REPORT_NOT_WRITTEN', what, { cause: error });
  }
}
