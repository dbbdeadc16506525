import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/commands/try/target.ts';

describe('parseTarget', () => {
  const cases = [
    ['imaps://anna@mail.example.org/', false, ['mail.example.org', 993, 'Implicit', 'anna', 'INBOX']],
    ['imaps://anna@mail.example.org', false, ['mail.example.org', 993, 'Implicit', 'anna', 'INBOX']],
    [
      'imaps://anna%40example.org@mail.example.org:1993/',
      false,
      ['mail.example.org', 1993, 'Implicit', 'anna@example.org', 'INBOX'],
    ],
    [
      'imaps://anna@example.org@mail.example.org/',
      false,
      ['mail.example.org', 993, 'Implicit', 'anna@example.org', 'INBOX'],
    ],
    ['imap://anna@mail.example.org/', false, ['mail.example.org', 143, 'StartTLS', 'anna', 'INBOX']],
    ['imap://anna@127.0.0.1:11143/Archive/2026', true, ['127.0.0.1', 11143, 'None', 'anna', 'Archive/2026']],
    ['imaps://a@[::1]/Entw%C3%BCrfe', false, ['::1', 993, 'Implicit', 'a', 'Entwürfe']],
    ['imaps://CORP%5Canna@mail.example.org/', false, ['mail.example.org', 993, 'Implicit', 'CORP\\anna', 'INBOX']],
  ] as const;
  for (const [text, plaintext, [host, port, mode, user, folder]] of cases) {
    it(`reads ${text}`, () => expect(parseTarget(text, plaintext)).toEqual({ host, port, mode, user, folder }));
  }

  const wrong = [
    ['imaps://anna:secret@mail.example.org/', false, /MAILMILL_PASSWORD/],
    ['imaps://mail.example.org/', false, /user name is missing/],
    ['https://anna@mail.example.org/', false, /imaps:/],
    ['anna@mail.example.org', false, /imaps:/],
    ['imaps://anna@mail.example.org/', true, /--plaintext/],
    ['imaps://an%zz@mail.example.org/', false, /percent/],
  ] as const;
  for (const [text, plaintext, problem] of wrong) {
    it(`refuses ${text}${plaintext ? ' in plain text' : ''}`, () => {
      const result = parseTarget(text, plaintext);
      expect(result).toEqual({ problem: expect.stringMatching(problem) });
      expect(JSON.stringify(result)).not.toContain('secret');
    });
  }
});
