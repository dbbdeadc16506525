import { describe, expect, it } from 'vitest';
import type { StepSpec } from '../../src/api/email-pipeline.ts';
import { type Document, messageTypes } from '../../src/message/fields.ts';
import { limits } from '../../src/steps/cel/limits.ts';
import { compileSteps, runSteps } from '../../src/steps/registry.ts';
import { order } from './documents.ts';

function compiled(...specs: StepSpec[]) {
  const result = compileSteps(specs, messageTypes);
  if (!result.ok) throw new Error(result.issues.map((issue) => `${issue.path}: ${issue.message}`).join('\n'));
  return result;
}
function issues(...specs: StepSpec[]) {
  const result = compileSteps(specs, messageTypes);
  return result.ok ? [] : result.issues;
}
const run = (specs: readonly StepSpec[], document: Document = order) => runSteps(compiled(...specs).steps, document);

describe('steps', () => {
  it('run in their order, each on what the one before left', () => {
    const specs: readonly StepSpec[] = [
      { name: 'wanted', filter: 'subject.contains("Order")' },
      { name: 'read', set: { order: 'int(subject.extract("#([0-9]+)"))', customer: 'from.domain' } },
      { name: 'next', set: { order: 'order + 1' } },
      { name: 'slim', unset: ['headers', 'text'] },
    ];
    const { types } = compiled(...specs);
    expect(types.get('order')).toBe('int');
    expect(types.has('headers')).toBe(false);
    const { headers: _headers, text: _text, ...rest } = order;
    expect(run(specs)).toStrictEqual({ outcome: 'pass', document: { ...rest, order: 1043, customer: 'example.org' } });
  });

  it('that there are none leave everything as it is', () => {
    expect(compiled().types).toBe(messageTypes);
    expect(run([])).toStrictEqual({ outcome: 'pass', document: order });
  });

  it('never change the document that came in', () => {
    const before = structuredClone(order);
    run([
      { name: 'set', set: { subject: '"new"', x: 'to' } },
      { name: 'unset', unset: ['to', 'headers'] },
    ]);
    expect(order).toStrictEqual(before);
  });

  it('stop at the first that is wrong, with the path of each of its issues', () => {
    const wrong: StepSpec = { name: 'b', set: { x: 'subjct', y: '1', z: 'size +' } };
    expect(issues({ name: 'a', filter: 'true' }, wrong, { name: 'c', filter: 'x' })).toMatchObject([
      { path: 'spec.steps[1].set.x', suggestion: 'did you mean "subject"?' },
      { path: 'spec.steps[1].set.z' },
    ]);
  });

  it('of no kind are an issue', () => {
    expect(issues({ name: 'a' })).toMatchObject(
      [{ path: 'spec.steps[0]', message: /exactly one of/ }].map(({ path }) => ({ path })),
    );
  });
});

describe('filter', () => {
  it('drops what is false and names the step', () => {
    const specs = [{ name: 'small', filter: 'size < 1000' }];
    expect(run(specs)).toStrictEqual({ outcome: 'drop', step: 'small' });
    expect(run(specs, { ...order, size: 10 }).outcome).toBe('pass');
  });

  it('is no drop but an error when it fails', () => {
    expect(run([{ name: 'year', filter: 'date.getFullYear() > 2000' }])).toStrictEqual({
      outcome: 'error',
      step: 'year',
      code: 'STEP_EVALUATION_FAILED',
      message:
        'step "year": a field that it needs is absent in this message; guard it with has(FIELD) (column 1 of the expression)',
    });
  });

  it.each(['size', 'subject', 'dyn(true)', 'to.map(a, true)'])('must be a bool: %s', (filter) => {
    expect(issues({ name: 'f', filter })).toMatchObject([{ path: 'spec.steps[0].filter' }]);
    expect(issues({ name: 'f', filter })[0]?.message).toContain('a filter must be true or false');
  });
});

describe('set', () => {
  it('evaluates all right-hand sides on the incoming document', () => {
    const swap: StepSpec = { name: 'swap', set: { subject: 'text', text: 'subject' } };
    expect(run([swap])).toMatchObject({ document: { subject: order.text, text: order.subject } });
  });

  it('does not depend on the order of the keys', () => {
    const a = compiled({ name: 's', set: { b: '1', a: '2' } });
    const b = compiled({ name: 's', set: { a: '2', b: '1' } });
    expect([...a.types]).toStrictEqual([...b.types]);
  });

  it('replaces a field with the type of the expression', () => {
    const result = compiled({ name: 's', set: { subject: 'size' } }, { name: 't', filter: 'subject > 1000' });
    expect(result.types.get('subject')).toBe('int');
    expect(runSteps(result.steps, order).outcome).toBe('pass');
  });

  it('removes a field whose value is absent', () => {
    const result = run([{ name: 's', set: { from: 'sender', sent: 'date' } }]);
    expect(result.outcome === 'pass' && Object.keys(result.document)).not.toContain('from');
    expect(result.outcome === 'pass' && Object.keys(result.document)).not.toContain('sent');
  });

  it('says which field failed', () => {
    const result = run([{ name: 's', set: { a: '1', amount: 'double(subject)' } }]);
    expect(result).toMatchObject({ outcome: 'error', step: 's' });
    expect(result.outcome === 'error' && result.message).toMatch(/^step "s": amount: the text is not a number/);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'in', 'true', 'package', 'null'])(
    'cannot name a field %s',
    (field) => {
      const set = Object.fromEntries([[field, '"x"']]);
      expect(issues({ name: 's', set })).toMatchObject([{ path: `spec.steps[0].set.${field}` }]);
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    },
  );

  it('says why a name that somebody has written as n or on is none', () => {
    const [issue] = issues({ name: 's', set: { false: '1' } });
    expect(issue?.message).toMatch(/YAML reads n, .*put the name in quotes/);
  });

  it('keeps keys that look like prototypes as data', () => {
    const result = run([
      { name: 's', set: { h: 'dyn(headers)', m: '{"constructor": "x", "__proto__": "y", "a": "b"}' } },
    ]);
    const document = result.outcome === 'pass' ? result.document : {};
    expect(Object.keys(document.h as object)).toContain('__proto__');
    expect(Object.getPrototypeOf(document.h)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(document.m)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});

describe('unset', () => {
  it('removes fields and their types', () => {
    const result = run([{ name: 'u', unset: ['html', 'from'] }]);
    expect(result.outcome === 'pass' && Object.keys(result.document)).not.toContain('from');
  });

  it('must name known fields', () => {
    expect(issues({ name: 'u', unset: ['subject', 'hedaers'] })).toStrictEqual([
      {
        path: 'spec.steps[0].unset[1]',
        message: 'there is no field "hedaers" at this step',
        suggestion: 'did you mean "headers"?',
      },
    ]);
    expect(issues({ name: 'u', unset: ['html'] }, { name: 'f', filter: 'has(html)' })).toMatchObject([
      { path: 'spec.steps[1].filter', message: 'column 5: unknown field "html"' },
    ]);
  });
});

describe('a step that saw a cut value', () => {
  const long = { ...order, text: 'x'.repeat(limits.viewString + 1) };
  it('says so in defects, once', () => {
    const specs: readonly StepSpec[] = [
      { name: 'a', filter: 'text.contains("x")' },
      { name: 'b', set: { words: 'text.size()', copy: 'text' } },
    ];
    expect(run(specs, long)).toMatchObject({ document: { defects: ['STEP_INPUT_CUT'], copy: long.text } });
    expect(run(specs, order)).toMatchObject({ outcome: 'pass', document: { defects: [] } });
  });

  it('says nothing when it looked at something else', () => {
    expect(run([{ name: 'a', filter: 'subject.contains("Order")' }], long)).toMatchObject({
      document: { defects: [] },
    });
    expect(run([{ name: 'a', set: { copy: 'text' } }], long)).toMatchObject({ document: { defects: [] } });
  });

  it('says nothing when the document has no defects any more', () => {
    const result = run(
      [
        { name: 'u', unset: ['defects'] },
        { name: 'a', filter: 'text.contains("x")' },
      ],
      long,
    );
    expect(result.outcome === 'pass' && Object.keys(result.document)).not.toContain('defects');
  });
});
