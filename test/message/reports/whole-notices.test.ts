import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../../src/message/parse.ts';
import { bytes } from './messages.ts';
import { messages as mtas } from './whole-mtas.ts';
import { messages as others } from './whole-others.ts';
import { messages as providers } from './whole-providers.ts';
import { messages as variants } from './whole-variants.ts';

/** A message as it is written in the lists, with the header fields that they leave out. */
function whole(text: string): Buffer {
  const head = text.slice(0, text.indexOf('\n\n'));
  const to = /^to:/im.test(head) ? [] : ['To: author@origin.test'];
  const type = /^content-type:/im.test(head) ? [] : ['Content-Type: text/plain; charset=utf-8'];
  return bytes(...to, ...type, `${text.trimEnd()}\n`);
}

/** What a message reports, in the words of the lists; `*` where these leave something open. */
function told(raw: Buffer, expected: readonly string[]): readonly string[] {
  const { report } = parseMessage(raw);
  if (report?.kind !== 'delivery') return [report?.kind ?? 'none'];
  return report.recipients.map(({ action, recipient, status, replyCode, reason }, i) => {
    const stated = expected[i]?.endsWith(' *') === true ? '*' : reason;
    return `${action} ${recipient} ${status} ${replyCode || '-'} ${stated}`;
  });
}

describe.each(Object.entries({ mtas, providers, variants, others }))('whole messages: %s', (_, list) => {
  const cases = list
    .split('\n=== ')
    .slice(1)
    .map((text) => {
      const [name = '', ...lines] = text.split('\n');
      const body = lines.findIndex((line) => !line.startsWith('> '));
      return [name, lines.slice(0, body).map((line) => line.slice(2)), lines.slice(body).join('\n')] as const;
    });
  test.each(cases)('%s', (_name, expected, text) => {
    expect(told(whole(text), expected)).toEqual(expected);
  });
});
