import { describe, expect, test } from 'vitest';
import { readReport } from '../../../src/message/reports/read-report.ts';
import { cpuMilliseconds } from '../../support/cpu.ts';
import { spamAssassin } from '../corpus.ts';
import { dsn, textBounce } from './messages.ts';

const length = 200_000;
const fill = (piece: string) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);

describe('hostile input ends quickly', () => {
  test.each([
    ['one long line', fill('a')],
    ['blanks', fill(' ')],
    ['addresses on one line', fill('a@b.test ')],
    ['addresses, one a line', fill('<a@b.test>:\n')],
    ['half addresses', fill('<a@')],
    ['replies', fill('550 5.1.1 <a@b.test>... ')],
    ['wordy replies', fill('550 the user the mailbox the account is was has been ')],
    ['sender words', fill('sender address rejected denied from address invalid ')],
    ['quota words', fill('exceeded over quota storage limit mailbox ')],
    ['transcript', fill('>>> RCPT TO:<a@b.test>\n<<< 550-no\n')],
    ['recipients of many words', fill('recipient rejected: ')],
    ['JSON', `{"notificationType":${fill('{"a":[')}`],
    ['marks', fill('----- original message ')],
    ['digits', fill('5.1.1.')],
    ['dashes', fill('-')],
    ['an address and brackets', `550 192.0.2.1${fill('>)_ ')}`],
    ['an address and its list', `550 192.0.2.1 ${fill('is in the ')}`],
    ['hosts', fill('192.0.2.1 is was has been ')],
    ['arrows', fill('Mon 2024: --> ')],
    ['helo words', fill('helo host name ')],
    ['loose words', fill('550 our server connection the account of a sender ')],
    ['loose events', fill('550 refused failed exceed not found ')],
    ['foreign words', fill('destinataires la casella est empfxnger ')],
    ['names of hosts', fill('host by a.b-c.')],
    ['stems in one word', fill('blockrefusfailexceed.')],
  ])('%s', (_, text) => {
    for (const raw of [
      textBounce(text),
      dsn(`Final-Recipient: rfc822; a@b.test\nDiagnostic-Code: smtp; ${text}`, text),
    ]) {
      expect(cpuMilliseconds(() => readReport(raw))).toBeLessThan(1_000);
    }
  });

  test('ten thousand recipients are bounded', () => {
    const groups = Array.from(
      { length: 10_000 },
      (_, i) => `Final-Recipient: rfc822; u${i}@b.test\nAction: failed\nStatus: 5.1.1\n`,
    );
    let report: ReturnType<typeof readReport> | undefined;
    const used = cpuMilliseconds(() => {
      report = readReport(dsn(groups.join('\n')));
    });
    expect(used).toBeLessThan(2_000);
    expect(report?.kind === 'delivery' && report.recipients.length).toBe(1_000);
  });
});

describe('6,046 real messages', () => {
  test('the few delivery reports among them are found, and nothing else', () => {
    const found: string[] = [];
    for (const { name, raw } of spamAssassin()) {
      const report = readReport(raw);
      if (report !== null) found.push(`${name.replace(/\..*/, '')} ${report.kind}`);
    }
    expect(found).toEqual([
      'easy-ham-1/01436 delivery',
      // Prodigy: “Unable to find user: <…>”.
      'easy-ham-1/01507 delivery',
      'easy-ham-1/01542 delivery',
      'easy-ham-2/01311 delivery',
      'spam-2/00169 delivery',
    ]);
  });
});
