import { describe, expect, test } from 'vitest';
import { decideSource } from '../../src/operator/decide/source.ts';
import type { SourceSnapshot } from '../../src/operator/snapshot.ts';
import { allSecrets, brief, config, messageOf, noCollector, now, source } from './fixtures.ts';

describe('a source', () => {
  const keys = [
    { name: 'support-imap', key: 'username' },
    { name: 'support-imap', key: 'password' },
  ];
  const decide = (change: Partial<SourceSnapshot> = {}) =>
    decideSource(
      {
        ...{ now, source: source(), issues: [], secretKeys: keys, secrets: allSecrets, readers: ['orders'] },
        collector: noCollector,
        ...change,
      },
      config,
    );
  const conditions = (ready: string, stalled: string, valid: string, resolved: string, shared = 'False/NotShared') => [
    `Ready=${ready}`,
    `Reconciling=False/Settled`,
    `Stalled=${stalled}`,
    `Valid=${valid}`,
    `CredentialsResolved=${resolved}`,
    `SharedWithoutArchive=${shared}`,
  ];

  test('that is well', () => {
    const { status } = decide();
    expect(brief(status.conditions)).toEqual(
      conditions('True/Valid', 'False/NotStalled', 'True/Valid', 'True/Resolved'),
    );
    expect(messageOf(status.conditions, 'Valid')).toBe('read by 1 pipeline');
  });

  test('that is well from the start is no news; that it is shared, or well again, is', () => {
    const reasons = (change: Partial<SourceSnapshot> = {}) => decide(change).events.map(({ reason }) => reason);
    expect(reasons()).toEqual([]);
    expect(reasons({ readers: ['a', 'b'] })).toEqual(['Shared']);
    const before = decide({ secrets: new Map([['support-imap', { kind: 'Missing' }]]) });
    expect(before.events.map(({ type }) => type)).toEqual(['Warning']);
    expect(reasons({ source: { ...source(), status: before.status } })).toContain('Valid');
  });

  test('that several pipelines read', () => {
    const { status } = decide({ readers: ['a', 'b'] });
    expect(brief(status.conditions)).toEqual(
      conditions('True/Valid', 'False/NotStalled', 'True/Valid', 'True/Resolved', 'True/Shared'),
    );
  });

  test('that works on one machine only', () => {
    const { status } = decide({ source: source({ maildir: { path: 'mail' } }), secretKeys: [] });
    expect(brief(status.conditions)).toEqual(
      conditions(
        'False/PathOnlyStandalone',
        'True/PathOnlyStandalone',
        'False/PathOnlyStandalone',
        'Unknown/NotValid',
        'False/NotImap',
      ),
    );
  });

  test('without its Secret', () => {
    const { status, requeueAfterMs } = decide({ secrets: new Map([['support-imap', { kind: 'Missing' }]]) });
    expect(brief(status.conditions)).toEqual([
      'Ready=False/SecretMissing',
      'Reconciling=True/SecretMissing',
      'Stalled=False/NotStalled',
      'Valid=True/Valid',
      'CredentialsResolved=False/SecretMissing',
      'SharedWithoutArchive=False/NotShared',
    ]);
    expect(requeueAfterMs).toBe(60_000);
  });
});
