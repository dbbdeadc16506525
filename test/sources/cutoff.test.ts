import { expect, it } from 'vitest';
import { cutoffAt } from '../../src/sources/cutoff.ts';

const now = new Date('2026-11-21T10:00:00Z');

it('is absent without since', () => expect(cutoffAt(undefined, now)).toBeUndefined());
it('is a time span before now', () => expect(cutoffAt('90d', now)).toEqual(new Date('2026-08-23T10:00:00Z')));
it('is the start of a day in UTC', () => expect(cutoffAt('2026-01-31', now)).toEqual(new Date('2026-01-31T00:00:00Z')));
