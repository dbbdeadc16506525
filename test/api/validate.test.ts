import { describe, expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { validateObjects } from '../../src/api/validate.ts';
import { base, corpus } from './corpus.ts';

/** Issues of a text as `line:column path: message (suggestion)`, notes with `note` before the path. */
function issuesOf(...texts: readonly string[]): readonly string[] {
  const loaded = texts.map((text, index) => loadText(`${index}.yaml`, text));
  const { issues } = validateObjects(loaded.flatMap(({ objects }) => objects));
  return [...loaded.flatMap((each) => each.issues), ...issues].map(
    ({ line, column, level, path, message, suggestion }) =>
      `${line}:${column} ${level === 'note' ? 'note ' : ''}${path}: ${message}${suggestion ? ` (${suggestion})` : ''}`,
  );
}

const errorsOf = (text: string) => issuesOf(text).filter((issue) => !issue.includes(' note '));
const named = (name: string): string => {
  const found = corpus.find((each) => each.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found.yaml;
};

describe('a wrong resource is told what is wrong, where, and what to write', () => {
  test.each([
    ['source: unknown field', '10:5 spec.imap.prot: unknown field (did you mean "port"?)'],
    ['source: no kind', '8:3 spec.imapp: unknown field (did you mean "imap"?)'],
    ['source: both kinds', '7:1 spec: exactly one kind of source must be set, such as imap'],
    ['source: no host', '8:3 spec.imap.host: is required'],
    ['source: null host', '9:5 spec.imap.host: is required'],
    ['source: port as text', '10:5 spec.imap.port: must be an integer, not a string (write it without quotes)'],
    ['source: port 65536', '10:5 spec.imap.port: must be at most 65535'],
    [
      'source: wrong enum',
      '11:11 spec.imap.tls.mode: must be one of "Implicit", "StartTLS", "None" (did you mean "Implicit"?)',
    ],
    ['source: enum boolean', '11:11 spec.imap.tls.mode: must be a string, not a boolean (put it in quotes)'],
    ['source: no folders', '13:15 spec.imap.folders.include: needs at least 1 item'],
    ['source: 65 folders', '13:15 spec.imap.folders.include: has more than 64 items'],
    [
      'source: folders as text',
      '13:15 spec.imap.folders.include: must be a list, not a string (write it as a list, one `- ` an item)',
    ],
    ['source: name of 41', '4:3 metadata.name: names are at most 40 characters: children are named after the resource'],
    ['source: name is a boolean of YAML 1.1', '4:3 metadata.name: must be a string (put it in quotes)'],
    ['source: unknown metadata', '5:3 metadata.owner: unknown field'],
    ['source: label is a number', '6:12 metadata.labels.team: must be a string (put it in quotes)'],
    ['source: unknown root field', '7:1 data: unknown field'],
    [
      'maildir: path and claim',
      '5:3 spec.maildir: exactly one of path (one machine) and persistentVolumeClaim (cluster) must be set',
    ],
    [
      'pipeline: two kinds in a step',
      '9:7 spec.steps[0]: exactly one of filter, set, unset and authenticate must be set',
    ],
    ['pipeline: steps of one name', '11:7 spec.steps[1].name: is the same as in spec.steps[0]'],
    [
      'pipeline: set a field with a dash',
      '12:13 spec.steps[1].set.cust-omer: the key must match ^[a-z_][a-zA-Z0-9_]{0,58}$',
    ],
    ['pipeline: unset twice', '14:21 spec.steps[2].unset[1]: is the same as in spec.steps[2].unset[0]'],
    ['pipeline: same table', '15:3 spec.sinks: two sinks write to the same table'],
    [
      'pipeline: unknown sink',
      '18:20 spec.sinks[1].kafka: unknown field (known here: name, postgres, webhook, retry, queue)',
    ],
    ['pipeline: time zone without a schedule', '21:3 spec.timeZone: timeZone needs a schedule'],
    [
      'pipeline: retention in years',
      '20:3 spec.retention: must match ^[1-9][0-9]{0,6}(ms|s|m|h|d|w)$ (a whole number and a unit, such as 15m, 12h or 90d)',
    ],
    [
      'scheduled: four fields',
      '6:3 spec.schedule: must have at least 9 characters (five fields: minute, hour, day of month, month, day of week)',
    ],
    [
      'scheduled: reconcile of four fields',
      '7:15 spec.reconcile.schedule: must have at least 9 characters (five fields: minute, hour, day of month, month, day of week)',
    ],
    ['scheduled: reconcile: never', '7:3 spec.reconcile.schedule: is required'],
    ['run: an unknown field', '6:3 spec.rewind: unknown field (known here: pipeline, load, replay, backfill, dryRun)'],
    ['run: replay of nothing', '6:3 spec.replay: say which messages: since, ids or only: Dead'],
    ['run: replay that ends before it begins', '6:3 spec.replay: since must be a time before until'],
    ['run: two kinds of a run', '4:1 spec: at most one of load, replay and backfill'],
  ])('%s', (name, issue) => {
    expect(errorsOf(named(name))).toContain(issue);
  });

  test.each([
    [
      "spec:\n  imap: {host: h, auth: {secretRef: {name: s}}, proxy: {url: 'http://u:p@proxy:3128'}}",
      'in proxy.secretRef',
    ],
    ['spec:\n  smtp: {recipients: [nobody]}', '*@example.com'],
    ['spec:\n  imap: {host: h, auth: {secretRef: {name: s}}, password: x}', '`secretRef` names'],
    [
      'spec:\n  imap: {host: h, auth: {secretRef: {name: s}}, include: [INBOX]}',
      'it belongs to spec.imap.folders.include',
    ],
    ['spec:\n  host: h', 'it belongs to spec.imap.host'],
    ['spec:\n  s3: {bucket: b, region: r, secretRef: {name: s}}', 'it belongs to spec.s3.auth.secretRef'],
  ])('a field in the wrong place, or no such value: %s', (spec, suggestion) => {
    const text = `apiVersion: mailmill.io/v1alpha1\nkind: MailboxSource\nmetadata: {name: a}\n${spec}\n`;
    expect(errorsOf(text).join('\n')).toContain(suggestion);
  });

  test.each([
    [
      'mailmill.io/v1',
      'EmailPipeline',
      'apiVersion: is none that Mailmill has for EmailPipeline (write mailmill.io/v1alpha1)',
    ],
    [
      'mailmill.io/v1alpha1',
      'EmailPipelin',
      'kind: is none of MailboxSource, EmailPipeline, EmailPipelineRun (did you mean "EmailPipeline"?)',
    ],
    [
      'apps/v1',
      'MailboxSource',
      'apiVersion: is none that Mailmill has for MailboxSource (write mailmill.io/v1alpha1)',
    ],
  ])('%s %s', (apiVersion, kind, issue) => {
    const [found] = issuesOf(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\nspec: {}\n`);
    expect(found).toContain(issue);
  });

  test('values are never repeated: they may be secrets', () => {
    const text = base.source.replace('port: 993', 'port: "hunter2"').replace('since: 90d', 'since: hunter2');
    const said = errorsOf(text);
    expect(said).toHaveLength(2);
    expect(said.join()).not.toContain('hunter2');
  });

  test('rules keep quiet where the structure is wrong already', () => {
    expect(errorsOf(named('source: both kinds').replace('maildir: {path: mail}', 'maildir: 7'))).toEqual([
      '8:3 spec.maildir: must be an object, not a number',
    ]);
  });
});

describe('what only compiling or other files would tell', () => {
  test.each([
    ['0 24 * * *', '"24" is no hour (0 to 23)'],
    ['*/0 * * * *', '"*/0" is no minute (0 to 59)'],
    ['0 2 31-1 * *', '"31-1" is no day of month (1 to 31)'],
    ['0 2 * * 7', '"7" is no day of week (0 to 6)'],
    ['0 2 * FOO *', '"FOO" is no month (1 to 12)'],
  ])('schedule %s', (schedule, message) => {
    expect(errorsOf(base.scheduled.replace('0 2 * * *', schedule))).toEqual([`6:3 spec.schedule: ${message}`]);
  });

  test.each(['*/15 0-6,20 1 JAN-mar MON', '0  2 * * 0'])('schedule %s is one', (schedule) => {
    expect(errorsOf(base.scheduled.replace('0 2 * * *', schedule))).toEqual([]);
  });

  test('a time zone that nobody has', () => {
    expect(errorsOf(base.scheduled.replace('Europe/Zurich', 'Europe/Zurch'))).toEqual([
      '7:3 spec.timeZone: is no IANA time zone (did you mean "Europe/Zurich"?)',
    ]);
  });

  test('the times of a reconcile are read as those of the pipeline', () => {
    const wrong = '  reconcile: {schedule: "0 24 * * *", timeZone: Europe/Zurch}\n  timeZone:';
    expect(errorsOf(base.scheduled.replace('  timeZone:', wrong))).toEqual([
      '7:15 spec.reconcile.schedule: "24" is no hour (0 to 23)',
      '7:39 spec.reconcile.timeZone: is no IANA time zone (did you mean "Europe/Zurich"?)',
    ]);
  });

  test('two resources of one name', () => {
    expect(issuesOf(base.source, base.source)).toEqual([
      '4:3 metadata.name: there is another MailboxSource of this name at 0.yaml:4',
    ]);
    expect(issuesOf(base.source, base.source.replace('namespace: default', 'namespace: other'))).toEqual([]);
  });

  test('a source that is not among the files is a note', () => {
    expect(issuesOf(base.pipeline)).toEqual([
      '7:12 note spec.source.name: no MailboxSource of this name is in the given files',
    ]);
    expect(issuesOf(base.pipeline, base.source.replace('name: support\n', 'name: suport\n'))).toEqual([
      '7:12 note spec.source.name: no MailboxSource of this name is in the given files (did you mean "suport"?)',
    ]);
    expect(issuesOf(base.pipeline, base.source)).toEqual([]);
  });

  test('a field without a value is a note', () => {
    expect(issuesOf(named('source: port null'))).toEqual([
      '10:5 note spec.imap.port: has no value and counts as absent',
    ]);
  });

  test('other kinds are left alone', () => {
    expect(issuesOf('apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nwhatever: true\n')).toEqual([]);
  });
});
