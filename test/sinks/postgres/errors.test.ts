import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { isRowError, refusalMessage, sinkError } from '../../../src/sinks/postgres/errors.ts';
import { stalled } from '../../../src/telemetry/errors.ts';

function databaseError(code: string, more: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  const error = new pg.DatabaseError('text with a secret', 1, 'error');
  return Object.assign(error, { code, ...more });
}

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('sinkError', () => {
  test.each([
    ['08006', 'Transient', 'SINK_UNREACHABLE'],
    ['53100', 'Transient', 'SINK_OUT_OF_RESOURCES'],
    ['53300', 'Transient', 'SINK_OUT_OF_RESOURCES'],
    ['57P01', 'Transient', 'SINK_UNAVAILABLE'],
    ['57014', 'Transient', 'SINK_UNAVAILABLE'],
    ['40P01', 'Transient', 'SINK_UNAVAILABLE'],
    ['40001', 'Transient', 'SINK_UNAVAILABLE'],
    ['25006', 'Transient', 'SINK_READ_ONLY'],
    ['55P03', 'Transient', 'SINK_UNAVAILABLE'],
    ['28P01', 'Stalled', 'SINK_AUTH_REJECTED'],
    ['28000', 'Stalled', 'SINK_AUTH_REJECTED'],
    ['3D000', 'Stalled', 'SINK_DATABASE_MISSING'],
    ['3F000', 'Stalled', 'SINK_SCHEMA_MISSING'],
    ['42501', 'Stalled', 'SINK_FORBIDDEN'],
    ['42P01', 'Stalled', 'SINK_TABLE_MISSING'],
    ['42P10', 'Stalled', 'SINK_TABLE_MISMATCH'],
    ['42703', 'Stalled', 'SINK_TABLE_MISMATCH'],
    ['42601', 'Stalled', 'SINK_SQL_REJECTED'],
  ])('SQLSTATE %s is %s %s', (state, family, code) => {
    const found = sinkError(databaseError(state));
    expect(found).toMatchObject({ family, code });
    expect(found.message).not.toContain('secret');
  });

  test.each([
    [coded('ECONNREFUSED'), 'Transient', 'SINK_UNREACHABLE'],
    [coded('ENOTFOUND'), 'Transient', 'SINK_UNREACHABLE'],
    [new AggregateError([coded('ECONNREFUSED')]), 'Transient', 'SINK_UNREACHABLE'],
    [new Error('Connection terminated unexpectedly'), 'Transient', 'SINK_UNREACHABLE'],
    [coded('SELF_SIGNED_CERT_IN_CHAIN'), 'Stalled', 'SINK_TLS_UNTRUSTED'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'Stalled', 'SINK_TLS_UNTRUSTED'],
    [new Error('The server does not support SSL connections'), 'Stalled', 'SINK_TLS_UNSUPPORTED'],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'Stalled', 'SINK_AUTH_REJECTED'],
    [new TypeError('undefined is not a function'), 'Transient', 'INTERNAL'],
  ])('%s is %s %s', (error, family, code) => {
    expect(sinkError(error)).toMatchObject({ family, code });
  });

  test('keeps a password in an unreadable URI out of the error and its cause', () => {
    const cause = Object.assign(coded('ERR_INVALID_URL', 'Invalid URL'), { input: 'postgres://u:pass word@' });
    const found = sinkError(cause);
    expect(found).toMatchObject({ family: 'Stalled', code: 'SINK_URI_INVALID' });
    expect(found.cause).toBeUndefined();
  });

  test('leaves our own errors as they are', () => {
    const own = stalled('SINK_FENCED', 'x');
    expect(sinkError(own)).toBe(own);
  });
});

describe('isRowError', () => {
  test.each(['22001', '22P02', '23505', '23514', '44000', '54000', 'P0001'])('%s is about a row', (state) => {
    expect(isRowError(databaseError(state))).toBe(true);
  });

  test.each(['08006', '42P01', '40001', '57014', '53100', 'P0002'])('%s is not', (state) => {
    expect(isRowError(databaseError(state))).toBe(false);
  });
});

test('a refusal names constraint or column and never the value', () => {
  expect(refusalMessage(databaseError('23514', { constraint: 'short' }))).toBe(
    'the table refuses this row (SQLSTATE 23514, constraint short); change the constraint, or what the steps make of such mail',
  );
  expect(refusalMessage(databaseError('23502', { column: 'subject' }))).toContain('(SQLSTATE 23502, column subject)');
});
