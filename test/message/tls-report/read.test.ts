import { describe, expect, test } from 'vitest';
import { readTlsReport } from '../../../src/message/tls-report/read.ts';
import { tlsDeviations } from '../../../src/message/tls-report/report.ts';

// RFC 8460 appendix B.
const example = {
  'organization-name': 'Company-X',
  'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
  'contact-info': 'sts-reporting@company-x.example',
  'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  policies: [
    {
      policy: {
        'policy-type': 'sts',
        'policy-string': ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
        'policy-domain': 'company-y.example',
        'mx-host': ['*.mail.company-y.example'],
      },
      summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'sending-mta-ip': '2001:db8:abcd:0012::1',
          'receiving-mx-hostname': 'mx1.mail.company-y.example',
          'failed-session-count': 100,
        },
        {
          'result-type': 'starttls-not-supported',
          'sending-mta-ip': '2001:db8:abcd:0013::1',
          'receiving-mx-hostname': 'mx2.mail.company-y.example',
          'receiving-ip': '203.0.113.56',
          'failed-session-count': 200,
          'additional-information':
            'https://reports.company-x.example/report_info?id=5065427c-23d3#StarttlsNotSupported',
        },
        {
          'result-type': 'validation-failure',
          'sending-mta-ip': '198.51.100.62',
          'receiving-ip': '203.0.113.58',
          'receiving-mx-hostname': 'mx-backup.mail.company-y.example',
          'failed-session-count': 3,
          'failure-reason-code': 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
        },
      ],
    },
  ],
};

type Json = Record<string, unknown>;
const policyOf = (change: Json, policy: Json = {}): Json => {
  const first = example.policies[0];
  return { ...example, policies: [{ ...first, ...change, policy: { ...first?.policy, ...policy } }] };
};
const read = (value: unknown) => readTlsReport(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

function refusal(value: unknown): string {
  try {
    read(value);
    return 'read';
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('readTlsReport', () => {
  test('the example of RFC 8460', () => {
    expect(read(example)).toEqual({
      kind: 'tls',
      orgName: 'Company-X',
      contact: 'sts-reporting@company-x.example',
      reportId: '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
      begin: new Date('2016-04-01T00:00:00Z'),
      end: new Date('2016-04-01T23:59:59Z'),
      policies: [
        {
          type: 'sts',
          domain: 'company-y.example',
          policy: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
          mxHosts: ['*.mail.company-y.example'],
          successfulSessions: 5326,
          failedSessions: 303,
          failures: [
            {
              resultType: 'certificate-expired',
              sendingMtaIp: '2001:db8:abcd:0012::1',
              receivingMxHostname: 'mx1.mail.company-y.example',
              receivingMxHelo: null,
              receivingIp: null,
              failedSessions: 100,
              additionalInformation: null,
              reasonCode: null,
            },
            expect.objectContaining({
              receivingIp: '203.0.113.56',
              additionalInformation: expect.stringMatching(/^https:.*#StarttlsNotSupported$/),
            }),
            expect.objectContaining({ failedSessions: 3, reasonCode: 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED' }),
          ],
        },
      ],
      deviations: [],
    });
  });

  test.each([
    ['a byte order mark', `\uFEFF${JSON.stringify(example)}`],
    ['lower-case marks in dates', JSON.stringify(example).replaceAll(/(\d\d)T(\d[\d:]+)Z/g, '$1t$2z')],
    [
      'numbers as text',
      policyOf({ summary: { 'total-successful-session-count': '5326', 'total-failure-session-count': '303' } }),
    ],
    ['unknown members', { ...example, __proto__x: 1, extra: [{}] }],
  ])('%s: nothing is odd', (_, value) => {
    expect(read(value)).toEqual(read(example));
  });

  const seen = new Set<string>();
  test.each([
    ['no sums', policyOf({ summary: undefined }), 'COUNT_INVALID'],
    [
      'a negative number',
      policyOf({ summary: { 'total-successful-session-count': -1, 'total-failure-session-count': 0 } }),
      'COUNT_INVALID',
    ],
    [
      'days',
      { ...example, 'date-range': { 'start-datetime': '2016-04-01', 'end-datetime': '2016-04-02' } },
      'DATE_UNUSUAL',
    ],
    ['a date without zone', JSON.stringify(example).replace('00:00Z', '00:00'), 'DATE_UNUSUAL'],
    [
      'seconds',
      { ...example, 'date-range': { 'start-datetime': 1459468800, 'end-datetime': '1459555199000' } },
      'DATE_UNUSUAL',
    ],
    ['no policies', { ...example, policies: [] }, 'POLICIES_MISSING'],
    ['a period backwards', JSON.stringify(example).replace('2016-04-01T23', '2015-04-01T23'), 'DATE_UNUSUAL'],
    [
      'a text of two lines',
      JSON.stringify(example, null, 1).replace('report_info', '\r\n  report_info'),
      'JSON_REPAIRED',
    ],
    ['a single policy', { ...example, policies: example.policies[0] }, 'LIST_EXPECTED'],
    ['a policy as text', policyOf({}, { 'policy-string': 'version: STSv1' }), 'LIST_EXPECTED'],
    ['a policy without a domain', { ...example, policies: [...example.policies, {}] }, 'POLICY_INVALID'],
    ['a long text', { ...example, 'organization-name': 'x'.repeat(5_000) }, 'VALUE_CUT'],
    ['many hosts', policyOf({}, { 'mx-host': Array(101).fill('a') }), 'VALUE_CUT'],
    ['no name', { ...example, 'organization-name': undefined }, 'VALUE_MISSING'],
    ['an unknown type of policy', policyOf({}, { 'policy-type': 'dane' }), 'VALUE_UNKNOWN'],
  ])('%s is told', (_, value, expected) => {
    const { deviations } = read(value);
    for (const code of deviations) seen.add(code);
    expect(deviations).toEqual([expected]);
  });

  test('every deviation has a test', () => {
    expect([...seen].sort()).toEqual(Object.keys(tlsDeviations).sort());
  });

  test('seconds since 1970 are the instant that they count', () => {
    const range = { 'start-datetime': 1459468800, 'end-datetime': '1459555199000' };
    const { begin, end } = read(example);
    expect(read({ ...example, 'date-range': range })).toMatchObject({ begin, end });
  });

  test('sums that are missing are those of the details', () => {
    expect(read(policyOf({ summary: {} })).policies[0]).toMatchObject({ successfulSessions: 0, failedSessions: 303 });
  });

  test.each([
    ['nothing', '', 'REPORT_EMPTY'],
    ['no JSON', '{"a": SECRET}', 'REPORT_JSON_INVALID'],
    ['a cut report', JSON.stringify(example).slice(0, -5), 'REPORT_JSON_INVALID'],
    ['a list', [example], 'REPORT_INCOMPLETE'],
    ['null', 'null', 'REPORT_INCOMPLETE'],
    ['no identity', { ...example, 'report-id': '' }, 'REPORT_INCOMPLETE'],
    ['no period', { ...example, 'date-range': 'today' }, 'REPORT_INCOMPLETE'],
    ['no list of policies', { ...example, policies: undefined }, 'REPORT_INCOMPLETE'],
    ['policies of another kind', { ...example, policies: ['x', null, 1] }, 'REPORT_INCOMPLETE'],
    ['deep nesting', '['.repeat(10_000_000), 'REPORT_JSON_INVALID'],
    ['many values', `[${'{},'.repeat(4_000_000)}{}]`, 'REPORT_TOO_LARGE'],
    ['many numbers', `[${'0,'.repeat(4_000_000)}0]`, 'REPORT_TOO_LARGE'],
    ['many bytes', ' '.repeat(17 * 2 ** 20), 'REPORT_TOO_LARGE'],
    ['a text without end', `"${'\\"'.repeat(4_000_000)}`, 'REPORT_JSON_INVALID'],
  ])('%s is refused', { timeout: 5_000 }, (_, value, expected) => {
    expect(refusal(value)).toMatch(new RegExp(`^${expected}: `));
    expect(refusal(value)).not.toContain('SECRET');
  });
});
