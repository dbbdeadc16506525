import { describe, expect, it } from 'vitest';
import { type FieldType, messageTypes } from '../../../src/message/fields.ts';
import { evaluate, failure, order, refusal } from '../documents.ts';

const bob = { name: 'Bob', address: 'bob@example.com', domain: 'example.com', group: 'Team' };
const eve = { name: '', address: 'eve@example.net', domain: 'example.net' };

const values: readonly (readonly [string, FieldType, unknown])[] = [
  // fields
  ['subject', 'string', 'Order #1042 for 12.50 EUR'],
  ['size', 'int', 1234],
  ['size + 1', 'int', 1235],
  ['receivedAt', 'timestamp', order.receivedAt],
  ['from', 'address', order.from],
  ['from.domain', 'string', 'example.org'],
  ['from.group', 'string', ''],
  ['from["address"]', 'string', 'ada@example.org'],
  ['to', 'list<address>', order.to],
  ['to[0]', 'address', bob],
  ['to[0].group', 'string', 'Team'],
  ['to.map(a, a.domain)', 'list<string>', ['example.com', 'example.net']],
  ['to.map(a, a.name != "", a.address)', 'list<string>', ['bob@example.com']],
  ['to.filter(a, a.name == "")', 'list<address>', [eve]],
  ['to.exists(a, a.domain == "example.net")', 'bool', true],
  ['to.all(a, a.name != "")', 'bool', false],
  ['to.exists_one(a, a.name != "")', 'bool', true],
  ['attachments', 'list<attachment>', order.attachments],
  ['attachments.filter(a, !a.inline)', 'list<attachment>', order.attachments],
  ['attachments[0].size * 2', 'int', 4096],
  ['attachments.exists(a, a.contentType.startsWith("application/"))', 'bool', true],
  ['flags', 'list<string>', ['\\Seen']],
  ['"\\\\Seen" in flags', 'bool', true],
  ['flags + references', 'list<string>', ['\\Seen', 'r1@example.org', 'r2@example.org']],
  ['headers', 'headers', order.headers],
  ['"x-spam-flag" in headers', 'bool', true],
  ['headers["received"][1]', 'string', 'two'],
  ['headers.subject[0]', 'string', 'Order #1042 for 12.50 EUR'],
  ['headers.exists(h, h.startsWith("x-"))', 'bool', true],
  ['!("x-spam-flag" in headers) && subject.contains("order")', 'bool', false],
  // absent fields
  ['sender', 'address', undefined],
  ['date', 'timestamp', undefined],
  ['sender.domain', 'string', ''],
  ['html', 'string', ''],
  ['cc.map(a, a.name)', 'list<string>', []],
  ['has(sender)', 'bool', false],
  ['has(from)', 'bool', true],
  ['has(date)', 'bool', false],
  ['has(receivedAt)', 'bool', true],
  ['has(html)', 'bool', false],
  ['has(cc)', 'bool', false],
  ['has(to)', 'bool', true],
  ['has(headers)', 'bool', true],
  ['has(sender.address)', 'bool', false],
  ['has(from.address)', 'bool', true],
  ['has(from.group)', 'bool', false],
  ['has(headers.subject)', 'bool', true],
  ['has(headers["x-none"])', 'bool', false],
  ['has(to[1])', 'bool', true],
  ['has(to[2])', 'bool', false],
  ['has(to[-1])', 'bool', false],
  ['to.exists(a, has(a.group))', 'bool', true],
  ['has(date) ? date : receivedAt', 'timestamp', order.receivedAt],
  ['has(sender) ? sender : from', 'address', order.from],
  ['has(from) ? sender : from', 'address', undefined],
  // strings
  ['subject.extract("#([0-9]+)")', 'string', '1042'],
  ['subject.extract("[0-9]+[.][0-9]+")', 'string', '12.50'],
  ['subject.extract("none")', 'string', ''],
  ['subject.extract("(none)?Order")', 'string', ''],
  ['subject.extract("(?P<n>[A-Z]{3})$")', 'string', 'EUR'],
  ['subject.matches("^Order")', 'bool', true],
  ['subject.matches("(?i)^order #[0-9]+ for")', 'bool', true],
  ['subject.matches("^order")', 'bool', false],
  ['subject.matches("")', 'bool', true],
  ['subject.matches(from.name)', 'bool', false],
  ['subject.lower()', 'string', 'order #1042 for 12.50 eur'],
  ['"Äé".upper()', 'string', 'ÄÉ'],
  ['"ÄÉx".lowerAscii()', 'string', 'ÄÉx'],
  ['"äéx".upperAscii()', 'string', 'äéX'],
  ['"  a ".trim()', 'string', 'a'],
  ['subject.startsWith("Order") && subject.endsWith("EUR")', 'bool', true],
  ['"aXbXc".replace("X", "$&")', 'string', 'a$&b$&c'],
  ['"ab".replace("", "-")', 'string', '-a-b-'],
  ['"a,b,c".split(",")', 'list<string>', ['a', 'b', 'c']],
  ['"a,b,c".split(",", 2)', 'list<string>', ['a', 'b,c']],
  ['"a,b".split(",", 5)', 'list<string>', ['a', 'b']],
  ['"a,b".split(",", 0)', 'list<string>', []],
  ['"a,b".split(",", -1)', 'list<string>', ['a', 'b']],
  ['["a", "b"].join("-")', 'string', 'a-b'],
  ['["a", "b"].join()', 'string', 'ab'],
  ['subject.indexOf("#")', 'int', 6],
  ['subject.indexOf("r", 3)', 'int', 4],
  ['subject.lastIndexOf("E")', 'int', 22],
  ['subject.lastIndexOf("none")', 'int', -1],
  ['subject.substring(6, 11)', 'string', '#1042'],
  ['"a" + "b"', 'string', 'ab'],
  ['"🍵é".size()', 'int', 2],
  ['size(to) + to.size() + size(headers)', 'int', 8],
  // numbers, times, conversions
  ['int(subject.extract("#([0-9]+)"))', 'int', 1042],
  ['double(subject.extract("([0-9.]+) EUR")) * 2.0', 'double', 25],
  ['int("-7") + int("+7")', 'int', 0],
  ['int(2.9)', 'int', 2],
  ['int(receivedAt)', 'int', 1709288430],
  ['9007199254740991', 'int', 9007199254740991],
  ['9007199254740993', 'int', 9007199254740993n],
  ['double("1e3")', 'double', 1000],
  ['1.0 / 0.0', 'double', Number.POSITIVE_INFINITY],
  ['string(1.5) + string(true) + string(7)', 'string', '1.5true7'],
  ['string(receivedAt)', 'string', '2024-03-01T10:20:30.040Z'],
  ['string(timestamp(0))', 'string', '1970-01-01T00:00:00Z'],
  ['string(duration("90m"))', 'string', '5400s'],
  ['timestamp("2024-02-29T12:00:00+01:00")', 'timestamp', new Date('2024-02-29T11:00:00Z')],
  ['receivedAt + duration("24h")', 'timestamp', new Date('2024-03-02T10:20:30.040Z')],
  ['(receivedAt - timestamp("2024-03-01T00:00:00Z")).getHours()', 'int', 10],
  ['receivedAt > timestamp("2024-01-01T00:00:00Z")', 'bool', true],
  ['receivedAt.getFullYear() * 100 + receivedAt.getMonth()', 'int', 202402],
  ['receivedAt.getHours()', 'int', 10],
  ['receivedAt.getHours("Europe/Zurich")', 'int', 11],
  ['timestamp("2024-07-01T22:30:00Z").getDate("Europe/Zurich")', 'int', 2],
  ['timestamp("2024-12-31T23:30:00Z").getDayOfYear("Europe/Zurich")', 'int', 0],
  ['timestamp("2024-12-31T23:30:00Z").getDayOfYear()', 'int', 365],
  ['receivedAt.getDayOfWeek()', 'int', 5],
  ['receivedAt.getMilliseconds()', 'int', 40],
  // other shapes
  ['[1, 2]', 'dyn', [1, 2]],
  ['{"a": [1], "b": [2, 3]}', 'dyn', { a: [1], b: [2, 3] }],
  ['{"to": dyn(to), "n": dyn(1)}', 'dyn', { to: order.to, n: 1 }],
  ['attachments[0]', 'dyn', Array.isArray(order.attachments) ? order.attachments[0] : undefined],
  ['attachments.map(a, a.size)', 'dyn', [2048]],
  ['dyn(receivedAt)', 'dyn', '2024-03-01T10:20:30.040Z'],
  ['{"a": ["b"]}', 'headers', new Map([['a', ['b']]])],
  ['cel.bind(x, subject.size(), x * x)', 'int', 625],
];

describe('the value and type of an expression', () => {
  it.each(values)('%s is a %s', (expression, type, value) => {
    expect(evaluate(expression)).toStrictEqual({ type, value });
  });
});

const refusals: readonly (readonly [string, string, string?])[] = [
  ['subjct', 'column 1: unknown field "subjct"', 'did you mean "subject"?'],
  ['size > 1 && Subject == ""', 'column 13: unknown field "Subject"', 'did you mean "subject"?'],
  ['to.exists(a, b.name == "")', 'column 14: unknown field "b"'],
  ['a.name + string(to.exists(a, true))', 'column 1: unknown field "a"'],
  ['from.nme', 'column 6: No such key: nme'],
  ['size + "a"', 'column 1: no such overload: int + string'],
  ['subject.size() == "a"', 'column 1: no such overload: int == string'],
  ['subject.lower(1)', "column 1: found no matching overload for 'string.lower(int)'"],
  ['receivedAt + 1', 'column 1: no such overload: timestamp + int'],
  ['size ? "a" : "b"', "column 1: Ternary condition must be bool, got 'int'"],
  ['size > 5 ? "a" : 1', "column 1: Ternary branches must have the same type, got 'string' and 'int'"],
  ['subject.mtches("a")', 'column 1: unknown function mtches()', 'did you mean "matches"?'],
  ['lower(subject)', 'column 1: unknown function lower()', 'write value.lower(…)'],
  ['subject.int()', 'column 1: unknown function int()', 'write int(value)'],
  ['type(subject)', 'column 1: unknown function type()'],
  ['bytes(subject)', 'column 1: unknown function bytes()'],
  ['$lower', 'column 1: Unexpected character: $'],
  ['to.exists(a)', 'column 1: write list.exists(variable, expression)'],
  ['to.exists("a", true)', 'column 11: exists(var, predicate) invalid predicate iteration variable'],
  ['has(size + 1)', 'column 1: write has(FIELD), has(VALUE.KEY) or has(VALUE[KEY])'],
  ['to.exists(a, has(a))', 'column 14: write has(FIELD), has(VALUE.KEY) or has(VALUE[KEY])'],
  ['has(from.nme)', 'column 10: No such key: nme'],
  ['has(subjct)', 'column 5: unknown field "subjct"', 'did you mean "subject"?'],
  ['subject.matches("(")', 'column 17: not an RE2 regular expression: missing closing ): `(`'],
  ['subject.extract("(?=x)")', 'column 17: not an RE2 regular expression: invalid or unsupported Perl syntax: `(?=`'],
  ['subject.matches("a{1001}")', 'column 17: not an RE2 regular expression: invalid repeat count: `{1001}`'],
  ['subject +', 'column 10: Unexpected token: EOF'],
  ['subject\n  + size', 'line 1, column 1: no such overload: string + int'],
  ['subject +\n  missing', 'line 2, column 3: unknown field "missing"'],
  ['duration("1h")', 'column 1: a field cannot hold a duration; take getSeconds() of it'],
  ['1u', 'column 1: a field cannot hold an unsigned integer; leave out the u'],
  ['b"x"', 'column 1: a field cannot hold a value of type bytes'],
  ['null', 'column 1: a field cannot hold a value of type null'],
  ['__proto__', 'column 1: Reserved identifier: __proto__'],
  ['constructor', 'column 1: unknown field "constructor"'],
  ['from.constructor', 'column 6: No such key: constructor'],
  ['receivedAt.getHours', 'column 1: a timestamp has no fields; its parts are functions, such as getFullYear()'],
  [
    'to.exists(a, receivedAt["x"] == 1)',
    'column 14: a timestamp has no fields; its parts are functions, such as getFullYear()',
  ],
  ['duration("1h").seconds', 'column 1: a duration has no fields; its parts are functions, such as getSeconds()'],
  ['b"x".size', 'column 1: bytes have no fields'],
  ['[].exists(e, e < e)', 'column 1: the types of its values cannot be told: [] and {} have elements of no type'],
];

describe('an expression that is wrong', () => {
  const cases = refusals.map(([expression, message, suggestion]) => ({ expression, message, suggestion }));
  it.each(cases)('$expression is refused with its place', ({ expression, message, suggestion }) => {
    const issue = refusal(expression);
    expect(issue).toMatchObject({ path: 'spec.steps[0].set.x', message });
    if (suggestion !== undefined) expect(issue.suggestion).toBe(suggestion);
  });

  it('names the known fields when none is close', () => {
    expect(refusal('zzzzzzzz').suggestion).toMatch(/^known here: account, attachments, bcc/);
  });
});

const failures: readonly (readonly [string, string])[] = [
  ['date.getFullYear()', 'a field that it needs is absent in this message; guard it with has(FIELD)'],
  ['date > receivedAt', 'a field that it needs is absent in this message; guard it with has(FIELD)'],
  ['to[7].name', 'a list is shorter than the index; guard it with size(LIST)'],
  ['headers["x-none"][0]', 'a key that it needs is absent in this message'],
  ['headers.constructor', 'a key that it needs is absent in this message'],
  ['int(subject)', 'the text is not a whole number that fits 64 bits'],
  ['int("")', 'the text is not a whole number that fits 64 bits'],
  ['int("0x10")', 'the text is not a whole number that fits 64 bits'],
  ['int("9223372036854775808")', 'the text is not a whole number that fits 64 bits'],
  ['int(1e30)', 'a number does not fit 64 bits'],
  ['double(subject)', 'the text is not a number'],
  ['double("")', 'the text is not a number'],
  ['double("0x10")', 'the text is not a number'],
  ['bool(subject)', 'the text is neither true nor false'],
  ['timestamp(subject)', 'the value is not an RFC 3339 timestamp'],
  ['timestamp("2024-02-31T00:00:00Z")', 'the value is not an RFC 3339 timestamp'],
  ['timestamp("Fri, 01 Mar 2024 10:00")', 'the value is not an RFC 3339 timestamp'],
  ['timestamp("0000-01-01T00:00:00Z")', 'the value is not an RFC 3339 timestamp'],
  ['timestamp("9999-12-31T00:00:00Z") + duration("48h")', 'the value is not an RFC 3339 timestamp'],
  ['timestamp(99999999999999)', 'the value is not an RFC 3339 timestamp'],
  ['string(duration(subject))', 'the text is not a duration'],
  ['receivedAt.getHours(subject)', 'the text is not the name of an IANA time zone'],
  ['size / 0', 'division by zero'],
  ['size % 0', 'remainder of a division by zero'],
  ['9223372036854775807 + size', 'a number does not fit 64 bits'],
  ['-(-9223372036854775807 - 1)', 'a number does not fit 64 bits'],
  ['subject.substring(500)', 'a position lies outside the text'],
  ['subject.indexOf("a", 500)', 'a position lies outside the text'],
  ['subject.matches(subject + "(")', 'the pattern is not an RE2 regular expression'],
  ['int(dyn(subject))', 'the text is not a whole number that fits 64 bits'],
  ['dyn(subject) + 1', 'an operator does not fit the types of its values'],
];

describe('an expression that fails on a message', () => {
  it.each(failures)('%s gives a reason', (expression, reason) => {
    expect(failure(expression)).toContain(reason);
  });

  it('says where, and nothing of the message', () => {
    const message = failure('subject.size() > 0 && int(subject) > 0');
    expect(message).toMatch(/\(column 23 of the expression\)$/);
    for (const [expression] of failures) {
      for (const secret of ['1042', 'Order', 'example.org', 'Ada']) expect(failure(expression)).not.toContain(secret);
    }
  });

  it('is not a failure when a logical operator or has() guards it', () => {
    expect(evaluate('has(date) && date.getFullYear() > 2000').value).toBe(false);
    expect(evaluate('to.exists(a, a.name == "Bob" || int(a.name) > 0)').value).toBe(true);
    expect(evaluate('size(to) > 7 ? to[7].name : "none"').value).toBe('none');
  });
});

describe('fields that steps added', () => {
  const types = new Map<string, FieldType>([
    ...messageTypes,
    ['type', 'string'],
    ['cel', 'int'],
    ['list', 'list<string>'],
    ['data', 'dyn'],
    ['big', 'int'],
    ['rate', 'double'],
  ]);
  const document = {
    ...order,
    type: 'invoice',
    cel: 7,
    list: ['a'],
    data: { n: 1, half: 0.5, deep: { list: [1, 'x', null, true] } },
    big: 9007199254740993n,
    rate: 3,
  };
  it.each<readonly [string, FieldType, unknown]>([
    ['type + "!"', 'string', 'invoice!'],
    ['cel + 1', 'int', 8],
    ['list.exists(type, type == "a")', 'bool', true],
    ['data.n + 1', 'int', 2],
    ['data.half + 0.5', 'double', 1],
    ['int(data.n) + 1', 'int', 2],
    ['data.deep.list[1]', 'dyn', 'x'],
    ['data.deep', 'dyn', { list: [1, 'x', null, true] }],
    ['has(data.n)', 'bool', true],
    ['has(data.m)', 'bool', false],
    ['big + 1', 'int', 9007199254740994n],
    ['rate / 2.0', 'double', 1.5],
  ])('%s reads them, even where CEL has the name too', (expression, type, value) => {
    expect(evaluate(expression, document, types)).toStrictEqual({ type, value });
  });

  it('fail when a value is not of its type', () => {
    expect(failure('type + "!"', { ...document, type: 5 }, types)).toContain('another type than the pipeline says');
  });
});

describe('a field with the name of something that every object inherits', () => {
  const types = new Map<string, FieldType>([['toString', 'string']]);
  it('is absent unless the document has it', () => {
    expect(evaluate('toString + "!"', {}, types).value).toBe('!');
    expect(evaluate('has(toString)', {}, types).value).toBe(false);
    expect(evaluate('toString', {}, types).value).toBeUndefined();
    expect(evaluate('toString', { toString: 'own' }, types).value).toBe('own');
  });
});
