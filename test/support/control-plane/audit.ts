import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One write that the API server has answered. */
export interface Write {
  readonly verb: string;
  readonly resource: string;
  /** `status`, `scale`, `token` …; absent: the object itself. */
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly userAgent: string;
  /** HTTP status of the answer. */
  readonly code: number;
  /** When it came in, and when it was answered; epoch milliseconds. */
  readonly receivedAt: number;
  readonly at: number;
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: Pick<Write, 'resource' | 'subresource' | 'namespace' | 'name'>;
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Every write (of these users alone) and its answer, never what was written. */
export const auditPolicy = (users?: readonly string[]) => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'], users }, { level: 'None' }],
});

/** Writes of `user` in an audit log, in its order. */
export async function readWrites(file: string, user: string): Promise<readonly Write[]> {
  const found: Write[] = [];
  const mark = JSON.stringify(user);
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (!line.includes(mark) || !line.endsWith('}')) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (event.user.username !== user || event.objectRef === undefined) continue;
    found.push({
      ...event.objectRef,
      verb: event.verb,
      userAgent: event.userAgent ?? '',
      code: event.responseStatus?.code ?? 0,
      receivedAt: Date.parse(event.requestReceivedTimestamp),
      at: Date.parse(event.stageTimestamp),
    });
  }
  return found;
}
