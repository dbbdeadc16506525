import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { placeOf, secretsDirectory } from '../../src/commands/place.ts';

test('a process serves nobody but its own machine, unless it is in a pod', () => {
  const own = { name: `${hostname()}-${process.pid}`, listenHost: '127.0.0.1' };
  const http = { port: 8080, tokenSha256: undefined };
  expect(placeOf({})).toEqual({ ...own, http: { ...http, host: '127.0.0.1' } });
  expect(placeOf({}, true)).toEqual({
    name: hostname(),
    listenHost: '0.0.0.0',
    http: { ...http, host: '0.0.0.0' },
  });
});

test('the environment goes first, as in pods of older operators', () => {
  const env = {
    MAILMILL_WORKER: 'orders-1',
    MAILMILL_HTTP_HOST: '::1',
    MAILMILL_HTTP_PORT: '9000',
    MAILMILL_STATUS_TOKEN_SHA256: 'f00',
    MAILMILL_LISTEN_HOST: '10.0.0.1',
  };
  for (const pod of [true, false])
    expect(placeOf(env, pod)).toEqual({
      name: 'orders-1',
      listenHost: '10.0.0.1',
      http: { host: '::1', port: 9000, tokenSha256: 'f00' },
    });
  expect(secretsDirectory({ MAILMILL_SECRETS: '/var/run/mailmill/secrets' })).toBe('/var/run/mailmill/secrets');
  expect(secretsDirectory({})).toBe('/etc/mailmill/secrets');
});
