import zlib from 'node:zlib';
import type { Plain } from '../../../src/commands/parse/plain.ts';
import { zip } from '../../message/files/archives.ts';
import type { Random } from '../random.ts';
import { ascii, phrase, word } from './alphabets.ts';
import { toBase64 } from './encodings.ts';
import { assemble, type BodyPlan, envelope, type Mail, multipart } from './message.ts';
import type { PartPlan } from './printer.ts';

const crlf = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n`);
const name = (random: Random): string => word(random, ascii, 6).toLowerCase();
const host = (random: Random): string => `${name(random)}.example`;
const mailbox = (random: Random): string => `${name(random)}@${host(random)}`;
const address = (random: Random): string => `192.0.2.${random.between(1, 254)}`;

const part = (type: string, content: Buffer): PartPlan => ({ headers: [`Content-Type: ${type}`], content });

function reportBody(random: Random, type: string, machine: PartPlan): BodyPlan {
  const text = `${phrase(random, ascii, 6)}\r\n`;
  const original = crlf(`From: ${mailbox(random)}`, `Subject: ${phrase(random, ascii)}`, '', phrase(random, ascii));
  const parts = [part('text/plain', Buffer.from(text)), machine, part('message/rfc822', original)];
  return {
    part: multipart(random, 'report', parts, `; report-type=${type}`),
    text: text.replaceAll('\r\n', '\n'),
    html: '',
    attachments: [{}, {}],
  };
}

/** With what reading its report must give. */
const withReport = (mail: Mail, report: Plain): Mail => ({ ...mail, expected: { ...mail.expected, report } });

/** A delivery status notification (RFC 3464). */
export function deliveryStatus(random: Random): Mail {
  const mta = host(random);
  const recipients = random.list(1, 3, () => {
    const action = random.pick(['failed', 'delayed']);
    // X.1.5 would mean that it was delivered (RFC 3463 §3.2).
    const detail = `2.${random.between(1, 3)}`;
    const status = `${action === 'failed' ? 5 : 4}.${detail}`;
    return { recipient: mailbox(random), action, status };
  });
  const groups = recipients.map(({ recipient, action, status }) =>
    [
      '',
      `Final-Recipient: rfc822; ${recipient}`,
      `Action: ${action}`,
      `Status: ${status}`,
      ...(random.once(2)
        ? [`Diagnostic-Code: smtp; ${status.startsWith('5') ? 550 : 450} ${status} ${phrase(random, ascii)}`]
        : []),
    ].join('\r\n'),
  );
  const machine = part('message/delivery-status', crlf(`Reporting-MTA: dns; ${mta}`, ...groups));
  const head = envelope(random);
  const mail = assemble(random, head, reportBody(random, 'delivery-status', machine));
  return withReport(mail, { kind: 'delivery', reportingMta: mta, recipients });
}

/** A complaint (ARF, RFC 5965). */
export function complaint(random: Random): Mail {
  const type = random.pick(['abuse', 'fraud', 'virus', 'not-spam', 'other']);
  const fields = { userAgent: `${name(random)}/1.0`, sourceIp: address(random), recipient: mailbox(random) };
  const lines = [
    `Feedback-Type: ${type}`,
    `User-Agent: ${fields.userAgent}`,
    'Version: 1',
    `Source-IP: ${fields.sourceIp}`,
    `Original-Rcpt-To: <${fields.recipient}>`,
  ];
  const machine = part('message/feedback-report', crlf(...lines));
  const mail = assemble(random, envelope(random), reportBody(random, 'feedback-report', machine));
  const { userAgent, sourceIp, recipient } = fields;
  return withReport(mail, { kind: 'feedback', feedbackType: type, userAgent, sourceIp, recipients: [recipient] });
}

interface File {
  readonly type: string;
  readonly content: Buffer;
}

/** The file bare, in gzip or in ZIP. */
function packed(random: Random, bare: string, extension: string, content: Buffer): File {
  switch (random.int(4)) {
    case 1:
      return { type: 'application/gzip', content: zlib.gzipSync(content) };
    case 2:
      return {
        type: 'application/zip',
        content: zip([{ name: `report.${extension}`, content, stored: random.once(2) }]),
      };
    case 3:
      return { type: 'application/octet-stream', content: zlib.gzipSync(zip([{ name: `r.${extension}`, content }])) };
    default:
      return { type: bare, content };
  }
}

function withFile(random: Random, { type, content }: File): Mail {
  const file: PartPlan = {
    headers: [
      `Content-Type: ${type}`,
      'Content-Disposition: attachment; filename="report"',
      'Content-Transfer-Encoding: base64',
    ],
    content: toBase64(random, content),
  };
  const text = part('text/plain', crlf('report'));
  const plan: BodyPlan = {
    part: multipart(random, 'mixed', [text, file]),
    text: 'report\n',
    html: '',
    attachments: [{ filename: 'report', size: content.length }],
  };
  return assemble(random, envelope(random), plan);
}

const period = (random: Random): readonly [begin: number, end: number] => {
  const begin = random.between(1_000_000_000, 1_900_000_000);
  return [begin, begin + random.between(0, 86_400)];
};
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();

/** A DMARC aggregate report (RFC 7489 appendix C, RFC 9990). */
export function dmarcReport(random: Random): Mail {
  const [begin, end] = period(random);
  const orgName = host(random);
  const domain = host(random);
  const reportId = `${random.int(1e9)}`;
  const blank = () => random.pick(['', '\n', '\n  ', '<!-- c -->']);
  const records = random.list(1, 4, () => ({
    sourceIp: address(random),
    count: random.between(0, 1e9),
    evaluated: {
      disposition: random.pick(['none', 'quarantine', 'reject']),
      dkim: random.pick(['pass', 'fail']),
      spf: random.pick(['pass', 'fail']),
    },
    identifiers: { headerFrom: host(random) },
  }));
  const rows = records.map(
    ({ sourceIp, count, evaluated, identifiers }) =>
      `<record>${blank()}<row><source_ip>${sourceIp}</source_ip><count>${count}</count><policy_evaluated>` +
      `<disposition>${evaluated.disposition}</disposition>${blank()}<dkim>${evaluated.dkim}</dkim><spf>${evaluated.spf}</spf>` +
      `</policy_evaluated></row><identifiers><header_from>${identifiers.headerFrom}</header_from></identifiers>` +
      `<auth_results><spf><domain>${identifiers.headerFrom}</domain><result>pass</result></spf></auth_results></record>`,
  );
  const xml =
    `${random.pick(['<?xml version="1.0" encoding="UTF-8"?>', '\ufeff', ''])}<feedback>${blank()}<report_metadata>` +
    `<org_name>${orgName}</org_name><email>${random.pick(['a@b.example', '&lt;a@b.example&gt;'])}</email>` +
    `<report_id>${reportId}</report_id><date_range><begin>${begin}</begin><end>${end}</end></date_range></report_metadata>` +
    `<policy_published><domain>${domain}</domain><p>none</p></policy_published>${blank()}${rows.join(blank())}</feedback>`;
  const mail = withFile(random, packed(random, 'text/xml', 'xml', Buffer.from(xml)));
  const report = {
    kind: 'dmarcAggregate',
    orgName,
    reportId,
    begin: iso(begin),
    end: iso(end),
    policy: { domain, p: 'none' },
    records,
    deviations: [],
  };
  return withReport(mail, { section: '2', ...report });
}

/** An SMTP TLS report (RFC 8460). */
export function tlsReport(random: Random): Mail {
  const [begin, end] = period(random);
  const orgName = phrase(random, ascii, 2);
  const reportId = `${iso(begin)}_${name(random)}`;
  const policies = random.list(1, 3, () => ({
    type: random.pick(['sts', 'tlsa', 'no-policy-found']),
    domain: host(random),
    successfulSessions: random.between(0, 1e6),
    failedSessions: random.between(0, 1e6),
  }));
  const json = JSON.stringify(
    {
      'organization-name': orgName,
      'date-range': { 'start-datetime': iso(begin).replace('.000', ''), 'end-datetime': iso(end).replace('.000', '') },
      'contact-info': mailbox(random),
      'report-id': reportId,
      policies: policies.map((one) => ({
        policy: { 'policy-type': one.type, 'policy-string': ['version: STSv1'], 'policy-domain': one.domain },
        summary: {
          'total-successful-session-count': one.successfulSessions,
          'total-failure-session-count': one.failedSessions,
        },
      })),
    },
    null,
    random.pick([0, 2]),
  );
  const mail = withFile(random, packed(random, 'application/tlsrpt+json', 'json', Buffer.from(json)));
  const report = { kind: 'tls', orgName, reportId, begin: iso(begin), end: iso(end), policies, deviations: [] };
  return withReport(mail, { section: '2', ...report });
}

export const anyReport = (random: Random): Mail =>
  random.pick([deliveryStatus, complaint, dmarcReport, tlsReport])(random);
