import { describe, expect, test } from 'vitest';
import { dmarcDeviations } from '../../../src/message/dmarc/aggregate.ts';
import { readAggregate } from '../../../src/message/dmarc/read-aggregate.ts';
import { metadata, policy, record, report } from './samples.ts';

const read = (text: string) => readAggregate(Buffer.from(text));

function refusal(bytes: Buffer | string): string {
  try {
    readAggregate(Buffer.from(bytes));
    return 'read';
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
  }
}

const seen = new Set<string>();
function deviations(text: string | Buffer): readonly string[] {
  const found = readAggregate(Buffer.from(text)).deviations;
  for (const code of found) seen.add(code);
  return found;
}

describe('readAggregate', () => {
  test('a report of RFC 7489', () => {
    expect(read(report())).toEqual({
      kind: 'dmarcAggregate',
      version: null,
      namespace: null,
      orgName: 'acme.com',
      orgEmail: 'noreply-dmarc-support@acme.com',
      extraContactInfo: 'http://acme.com/dmarc/support',
      reportId: '9391651994964116463',
      begin: new Date('2012-04-28T00:00:00Z'),
      end: new Date('2012-04-28T23:59:59Z'),
      errors: [],
      generator: null,
      policy: {
        domain: 'example.com',
        adkim: 's',
        aspf: 'r',
        p: 'reject',
        sp: 'reject',
        np: null,
        pct: 50,
        fo: '0',
        testing: null,
        discoveryMethod: null,
      },
      records: [
        {
          sourceIp: '72.150.241.94',
          count: 2,
          evaluated: { disposition: 'none', dkim: 'fail', spf: 'pass', reasons: [] },
          identifiers: { headerFrom: 'example.com', envelopeFrom: null, envelopeTo: null },
          dkim: [{ domain: 'example.com', selector: null, result: 'fail', humanResult: null }],
          spf: [{ domain: 'example.com', scope: null, result: 'pass', humanResult: null }],
        },
      ],
      deviations: [],
    });
  });

  // RFC 9990 appendix B, with its extensions (§4) and the other elements of §3.1.1.
  const rfc9990 = `<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:ext="urn:example:ext">
    <version>1.0</version>
    <report_metadata>
      <org_name>Sample Reporter</org_name>
      <email>report_sender@example-reporter.com</email>
      <extra_contact_info>...</extra_contact_info>
      <report_id>3v98abbp8ya9n3va8yr8oa3ya</report_id>
      <date_range><begin>302832000</begin><end>302918399</end></date_range>
      <error>two records</error><error>invalid rua</error>
      <generator>Example DMARC Aggregate Reporter v1.2</generator>
    </report_metadata>
    <policy_published>
      <domain>example.com</domain><ext:p><a/></ext:p><p>quarantine</p><sp>none</sp><np>none</np><testing>n</testing>
      <discovery_method>treewalk</discovery_method>
    </policy_published>
    <extension><ext:arc-override>never</ext:arc-override></extension>
    <ext:record/>
    <record>
      <row>
        <source_ip>2001:DB8::1</source_ip><count>123</count>
        <policy_evaluated>
          <disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>
          <reason><type>policy_test_mode</type></reason>
          <reason><type>other</type><comment>a &amp; b</comment></reason>
        </policy_evaluated>
      </row>
      <identifiers><envelope_from/><envelope_to>Example.ORG</envelope_to><header_from>example.com</header_from></identifiers>
      <auth_results>
        <ext:dkim><domain>other</domain></ext:dkim>
        <dkim><domain>example.com</domain><result>pass</result><selector>abc123</selector></dkim>
        <dkim><domain>example.net</domain><result>permerror</result><selector>x</selector><human_result>no key</human_result></dkim>
        <spf><domain>example.com</domain><scope>mfrom</scope><result>fail</result></spf>
      </auth_results>
      <ext:arc-results><row><count>9</count></row></ext:arc-results>
    </record>
  </feedback>`;

  test('a report of RFC 9990, its extensions left out', () => {
    expect(read(rfc9990)).toMatchObject({
      version: '1.0',
      namespace: 'urn:ietf:params:xml:ns:dmarc-2.0',
      orgName: 'Sample Reporter',
      errors: ['two records', 'invalid rua'],
      generator: 'Example DMARC Aggregate Reporter v1.2',
      policy: {
        p: 'quarantine',
        sp: 'none',
        np: 'none',
        testing: 'n',
        discoveryMethod: 'treewalk',
        adkim: 'r',
        aspf: 'r',
      },
      records: [
        {
          sourceIp: '2001:db8::1',
          count: 123,
          evaluated: {
            disposition: 'pass',
            reasons: [
              { type: 'policy_test_mode', comment: null },
              { type: 'other', comment: 'a & b' },
            ],
          },
          identifiers: { headerFrom: 'example.com', envelopeFrom: '', envelopeTo: 'example.org' },
          dkim: [{ selector: 'abc123' }, { result: 'permerror', humanResult: 'no key' }],
          spf: [{ scope: 'mfrom', result: 'fail' }],
        },
      ],
      deviations: [],
    });
  });

  test('a prefix for the root alone, or for all', () => {
    const own = report()
      .replaceAll(/<(\/?)(?=[a-z])/g, '<$1d:')
      .replace('<d:feedback', '<d:feedback xmlns:d="urn:x"');
    expect(read(own)).toEqual({ ...read(report()), namespace: 'urn:x' });
    const root = report().replace('<feedback>', '<d:feedback xmlns:d="urn:x">').replace('</feedback>', '</d:feedback>');
    expect(read(root)).toEqual({ ...read(report()), namespace: 'urn:x' });
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${report().replace('acme.com<', 'Zoë<')}`)],
    ['UTF-16 with a mark', Buffer.from(`\uFEFF${report().replace('acme.com<', 'Zoë<')}`, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(report().replace('acme.com<', 'Zoë<'), 'utf16le').swap16()],
    ['ISO-8859-1', Buffer.from(report().replace('acme.com<', 'Zoë<').replace('UTF-8', 'iso-8859-1'), 'latin1')],
    ['UTF-8 that is called UTF-16', Buffer.from(report().replace('acme.com<', 'Zoë<').replace('UTF-8', 'utf-16'))],
  ])('%s', (_, bytes) => {
    expect(readAggregate(bytes)).toMatchObject({ orgName: 'Zoë', deviations: [] });
  });

  test.each([
    ['words in capitals', report().replaceAll(/>(none|pass|fail)</g, (word) => word.toUpperCase())],
    ['drafts', report().replaceAll('identifiers', 'identities').replace('<result>pass', '<result>unknown')],
    ['a document type', report().replace('<feedback>', '<!DOCTYPE feedback SYSTEM "rua.dtd">\n<feedback>')],
    ['text before and after', `\n\n${report()}\n</xs:schema> <not closed`],
  ])('%s: nothing is odd', (_, text) => {
    expect(read(text)).toMatchObject({ records: [{ count: 2, identifiers: { headerFrom: 'example.com' } }] });
    expect(deviations(text)).toEqual([]);
  });

  test.each([
    ['an enclosing root', `<xs:schema>${report()}`, ['ROOT_ENCLOSED']],
    ['an ampersand', report().replace('acme.com<', 'A&B<'), ['XML_REPAIRED']],
    ['a missing end tag', report().replace('</human_result></dkim>', '</human_result>'), ['XML_REPAIRED']],
    ['an early end', report({ records: record + record }).slice(0, -150), ['XML_TRUNCATED']],
    ['a wrong byte', Buffer.from(report().replace('acme.com<', '\xe9<'), 'latin1'), ['BYTES_INVALID']],
    ['no record', report({ records: '' }), ['RECORDS_MISSING']],
    ['a record without a count', report({ records: `${record}<record/>` }), ['RECORD_INVALID']],
    ['a record without an address', report({ records: record + record.replace('72.', '999.') }), ['RECORD_INVALID']],
    ['no name', report().replace('acme.com<', '<'), ['VALUE_MISSING']],
    ['no disposition', report().replace(/<disposition>.*?<\/disposition>/, ''), ['VALUE_MISSING']],
    ['an unknown result', report().replace('<result>pass', '<result>perhaps'), ['VALUE_UNKNOWN']],
    [
      'an unknown reason',
      report().replace('</policy_ev', '<reason><type>x</type></reason></policy_ev'),
      ['VALUE_UNKNOWN'],
    ],
    ['a long text', report().replace('acme.com<', `${'x'.repeat(5_000)}<`), ['VALUE_CUT']],
    ['milliseconds', report().replace('1335571200', '1335571200000'), ['DATE_UNUSUAL']],
    ['a day', report().replace('1335571200', '2012-04-28'), ['DATE_UNUSUAL']],
    ['a percentage that is none', report().replace('>50<', '>50 %<'), ['VALUE_UNKNOWN']],
    ['dates as text', report().replace('1335571200', '2012-04-28T00:00:00Z'), ['DATE_UNUSUAL']],
    ['a fraction of a second', report().replace('1335571200', '1335571200.5'), ['DATE_UNUSUAL']],
    ['a period backwards', report().replace('1335571200', '1335671200'), ['DATE_UNUSUAL']],
  ])('%s is told', (_, text, expected) => {
    expect(deviations(text)).toEqual(expected);
  });

  test('every deviation has a test', () => {
    expect([...seen].sort()).toEqual(Object.keys(dmarcDeviations).sort());
  });

  test('what is repaired keeps the numbers', () => {
    const missing = read(report().replace('</human_result></dkim>', '</human_result>'));
    expect(missing.records).toMatchObject([{ count: 2, sourceIp: '72.150.241.94', dkim: [{ result: 'fail' }] }]);
    expect(read(report({ records: record + record }).slice(0, -150)).records).toHaveLength(1);
    expect(read(report().replace('1335571200', '2012-04-28T00:00:00Z')).begin).toEqual(
      new Date('2012-04-28T00:00:00Z'),
    );
    for (const begin of ['1335571200000', '2012-04-28', '1335571200.0'])
      expect(read(report().replace('1335571200', begin)).begin).toEqual(new Date('2012-04-28T00:00:00Z'));
  });

  test.each([
    ['<reason/>', []],
    ['<reason><type/><comment></comment></reason>', []],
    ['<reason>local_policy</reason>', [{ type: 'local_policy', comment: null }]],
    ['<reason><comment>x</comment></reason>', [{ type: 'other', comment: 'x' }]],
  ])('a reason that says little: %s', (reason, expected) => {
    expect(read(report().replace('</policy_ev', `${reason}</policy_ev`)).records[0]?.evaluated.reasons).toEqual(
      expected,
    );
  });

  test.each([
    ['nothing', '', 'REPORT_EMPTY'],
    ['blanks', ' \r\n', 'REPORT_EMPTY'],
    ['another document', '<html></html>', 'REPORT_NOT_DMARC'],
    ['no XML', 'hello', 'REPORT_NOT_DMARC'],
    ['an entity', `<!DOCTYPE a [<!ENTITY b "c">]>${report()}`, 'REPORT_XML_INVALID'],
    ['a document type inside', report().replace('<record>', '<!DOCTYPE record><record>'), 'REPORT_XML_INVALID'],
    ['no metadata', report({ metadata: '' }), 'REPORT_INCOMPLETE'],
    ['no identity', report().replace('9391651994964116463', ''), 'REPORT_INCOMPLETE'],
    ['no period', report().replace('1335571200', 'today'), 'REPORT_INCOMPLETE'],
    ['no real period', report().replace('1335571200', '999999999999'), 'REPORT_INCOMPLETE'],
    ['no policy', report({ policy: '' }), 'REPORT_INCOMPLETE'],
    ['no domain', report().replace('Example.com.', ''), 'REPORT_INCOMPLETE'],
    ['no valid record', report({ records: '<record/>' }), 'REPORT_INCOMPLETE'],
    ['an end before the first record', `<feedback>${metadata}${policy}<record>`, 'REPORT_INCOMPLETE'],
    ['too many elements', report({ records: `<record>${'<a/>'.repeat(10_001)}</record>` }), 'REPORT_TOO_LARGE'],
    ['too many records', report({ records: '<record/>'.repeat(100_001) }), 'REPORT_TOO_LARGE'],
    ['deep elements', report({ records: '<record>'.repeat(1_000_000) }), 'REPORT_XML_INVALID'],
  ])('%s is refused', (_, text, expected) => {
    expect(refusal(text)).toMatch(new RegExp(`^${expected}: `));
  });

  test('a refusal holds nothing of the report', () => {
    expect(refusal(report().replace('1335571200', 'SECRET'))).not.toContain('SECRET');
  });

  test('strings hold no U+0000 and no lone surrogates', () => {
    const { orgName } = read(report().replace('acme.com<', 'a\0b&#xD800;<'));
    expect(orgName).toBe('a\uFFFDb\uFFFD');
  });

  test('ten megabytes of garbage are refused quickly', { timeout: 5_000 }, () => {
    let seed = 1;
    const garbage = Buffer.alloc(10_000_000);
    for (let i = 0; i < garbage.length; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      garbage[i] = seed >>> 24;
    }
    expect(refusal(garbage)).toMatch(/^REPORT_/);
    expect(refusal(Buffer.concat([Buffer.from('<feedback>'), garbage]))).toMatch(/^REPORT_/);
  });
});
