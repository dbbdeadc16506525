import { type Document, type FieldType, messageTypes } from '../../src/message/fields.ts';
import { compileSteps, type RunOutcome, runSteps } from '../../src/steps/registry.ts';
import type { StepIssue, Types } from '../../src/steps/step.ts';

/** A document as parsing makes it; `sender` and `date` are absent. */
export const order: Document = {
  id: '01893c11-5400-8000-8000-000000000001',
  account: 'support@example.org',
  folder: 'INBOX',
  receivedAt: new Date('2024-03-01T10:20:30.040Z'),
  size: 1234,
  rawSha256: 'ab'.repeat(32),
  flags: ['\\Seen'],
  messageId: 'm1@example.org',
  inReplyTo: [],
  references: ['r1@example.org', 'r2@example.org'],
  subject: 'Order #1042 for 12.50 EUR',
  from: { name: 'Ada', address: 'ada@example.org', domain: 'example.org' },
  replyTo: [],
  to: [
    { name: 'Bob', address: 'bob@example.com', domain: 'example.com', group: 'Team' },
    { name: '', address: 'eve@example.net', domain: 'example.net' },
  ],
  cc: [],
  bcc: [],
  headers: new Map([
    ['subject', ['Order #1042 for 12.50 EUR']],
    ['x-spam-flag', ['NO']],
    ['received', ['one', 'two']],
    ['__proto__', ['a header of that name']],
  ]),
  text: 'Hello,\nplease send 3 boxes.\n',
  html: '',
  attachments: [
    {
      filename: 'a.pdf',
      contentType: 'application/pdf',
      size: 2048,
      sha256: 'cd'.repeat(32),
      contentId: '',
      inline: false,
    },
  ],
  defects: [],
};

export interface Result {
  readonly type: FieldType | undefined;
  readonly value: unknown;
}

/** What `set: {x: expression}` makes of a document. */
export function evaluate(expression: string, document: Document = order, types: Types = messageTypes): Result {
  const compiled = compileSteps([{ name: 'step', set: { x: expression } }], types);
  if (!compiled.ok) throw new Error(`does not compile: ${compiled.issues[0]?.message}`);
  const result = runSteps(compiled.steps, document);
  if (result.outcome !== 'pass') throw new Error(result.outcome === 'error' ? result.message : 'dropped');
  return { type: compiled.types.get('x'), value: result.document.x };
}

/** Why `set: {x: expression}` fails on a document. */
export function failure(expression: string, document: Document = order, types: Types = messageTypes): string {
  const compiled = compileSteps([{ name: 'step', set: { x: expression } }], types);
  if (!compiled.ok) throw new Error(`does not compile: ${compiled.issues[0]?.message}`);
  const result: RunOutcome = runSteps(compiled.steps, document);
  if (result.outcome !== 'error')
    throw new Error(`no error: ${String(result.outcome === 'pass' && result.document.x)}`);
  return result.message.replace('step "step": x: ', '');
}

/** Why `set: {x: expression}` does not compile. */
export function refusal(expression: string, types: Types = messageTypes): StepIssue {
  const compiled = compileSteps([{ name: 'step', set: { x: expression } }], types);
  if (compiled.ok) throw new Error(`compiles, to ${compiled.types.get('x')}`);
  const [issue] = compiled.issues;
  if (issue === undefined) throw new Error('no issue');
  return issue;
}
