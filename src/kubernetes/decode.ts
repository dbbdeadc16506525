import { apiVersionOf, type KubernetesObject, type Live, type ResourceType } from './objects.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export { isRecord };

/**
 * An object out of an answer: with apiVersion and kind (lists leave them out, metadata-only answers have others) and
 * without `managedFields`, the larger half of many objects. Throws when it is not an object of the API at all.
 */
export function liveObject<T extends KubernetesObject>(type: ResourceType<T>, value: unknown): Live<T> {
  if (!isRecord(value) || !isRecord(value.metadata)) throw new Error('the answer holds something that is no object');
  delete value.metadata.managedFields;
  value.apiVersion = apiVersionOf(type);
  value.kind = type.kind;
  // The schema of each kind is the API server's to keep.
  return value as unknown as Live<T>;
}

/** `metadata` of a list or of a bookmark. */
export function versionOf(value: unknown): { resourceVersion: string; continueToken?: string } {
  const metadata = isRecord(value) && isRecord(value.metadata) ? value.metadata : {};
  const { resourceVersion, continue: token } = metadata;
  return {
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    ...(typeof token === 'string' && token !== '' ? { continueToken: token } : {}),
  };
}

/** Lines of a stream of bytes, without their ends; pieces are joined once, however many chunks a line spans. */
export async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = pieces.length === 1 ? pieces[0]!.toString('utf8') : Buffer.concat(pieces).toString('utf8');
      pieces = [];
      if (line !== '') yield line;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  // A last line without its end is half an event: the connection broke inside it.
}
