import { describe, expect, it } from 'vitest';
import { isSelected, matchesFolder } from '../../src/sources/folder-patterns.ts';

describe('matchesFolder', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['INBOX', 'INBOX', true],
    ['inbox', 'INBOX', true],
    ['INBOX', 'Inbox', true],
    ['Inbox/*', 'INBOX/Sub', true],
    ['INBOX', 'INBOXES', false],
    ['inboxes', 'INBOXES', false],
    ['INBOX', 'INBOX/Sub', false],
    ['archive', 'Archive', false],
    ['*', 'Archive', true],
    ['*', 'Archive/2026', false],
    ['**', 'Archive/2026/Q1', true],
    ['Archive/*', 'Archive/2026', true],
    ['Archive/*', 'Archive/2026/Q1', false],
    ['Archive/*', 'Archive', false],
    ['Archive/**', 'Archive/2026/Q1', true],
    ['*/Drafts', 'Team/Drafts', true],
    ['*/Drafts', 'Drafts', false],
    ['*/Drafts', 'A/B/Drafts', false],
    ['**/Drafts', 'A/B/Drafts', true],
    ['20*6', '2026', true],
    ['20*6', '20/6', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['a**', 'a', true],
    ['a.c', 'abc', false],
    ['(x)+[y]?', '(x)+[y]?', true],
    ['Entwürfe', 'Entwürfe', true],
    ['', '', true],
    ['*', '', true],
  ];
  for (const [pattern, folder, expected] of cases) {
    it(`${JSON.stringify(pattern)} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(folder)}`, () => {
      expect(matchesFolder(pattern, folder)).toBe(expected);
    });
  }

  it('takes no time for patterns that make backtracking matchers explode', () => {
    const started = performance.now();
    expect(matchesFolder(`${'**a'.repeat(80)}b`, 'a'.repeat(1_000))).toBe(false);
    expect(matchesFolder(`${'*'.repeat(255)}`, 'a/'.repeat(500))).toBe(true);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('isSelected', () => {
  it('takes what include matches and exclude does not', () => {
    const selection = { include: ['INBOX', 'Archive/**'], exclude: ['**/Drafts', 'Archive/2019'] };
    const names = ['INBOX', 'Archive/2019', 'Archive/2020', 'Archive/2020/Drafts', 'Sent'];
    expect(names.filter((name) => isSelected(name, selection))).toEqual(['INBOX', 'Archive/2020']);
  });
});
