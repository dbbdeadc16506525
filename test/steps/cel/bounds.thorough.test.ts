import { describe, expect, it } from 'vitest';
import { messageTypes } from '../../../src/message/fields.ts';
import { Compiler } from '../../../src/steps/cel/expression.ts';
import { limits } from '../../../src/steps/cel/limits.ts';
import { fullWork, Meter } from '../../../src/steps/cel/meter.ts';
import { Patterns } from '../../../src/steps/cel/patterns.ts';
import { DocumentView } from '../../../src/steps/cel/view.ts';
import { compileSteps, runSteps } from '../../../src/steps/registry.ts';
import { cpuMilliseconds } from '../../support/cpu.ts';
import { evaluate, failure, order, refusal } from '../documents.ts';

const address = (i: number) => ({ name: `N${i}`, address: `a${i}@example.org`, domain: 'example.org' });
const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => address(from + i));
const long = `${'a'.repeat(limits.viewString - 1)}b`;
const crowd = { ...order, to: many(1000), cc: many(1000, 5000), text: long };
const tooMuch = 'it takes too much work on this message; make the expression simpler';

describe('before an expression runs', () => {
  it('has at most 512 nodes', () => {
    expect(evaluate(Array(256).fill('1').join('+')).value).toBe(256);
    expect(refusal(Array(257).fill('1').join('+')).message).toContain(
      'the expression is too large: Exceeded maxAstNodes (512)',
    );
  });

  it('nests at most 32 deep', () => {
    expect(evaluate(`${'('.repeat(30)}1${')'.repeat(30)}`).value).toBe(1);
    expect(refusal(`${'('.repeat(40)}1${')'.repeat(40)}`).message).toContain('too large: Exceeded maxDepth (32)');
  });

  it('nests at most two comprehensions, in what they evaluate and not in what they go over', () => {
    expect(evaluate('to.exists(a, flags.exists(f, f == a.name))').value).toBe(false);
    expect(evaluate('to.map(a, a.name).filter(n, n != "").map(n, n + "!")').value).toEqual(['Bob!']);
    expect(refusal('to.exists(a, cc.exists(b, bcc.exists(c, true)))').message).toBe(
      'column 27: at most 2 comprehensions may be nested',
    );
  });

  it('has no comprehension in the value of cel.bind that would count twice', () => {
    expect(evaluate('cel.bind(n, to.map(a, a.name), n.exists(x, n.exists(y, x == y)))').value).toBe(true);
  });
});

describe('what an expression sees', () => {
  const document = {
    ...order,
    text: 'x'.repeat(limits.viewString + 10),
    to: many(1001),
    references: Array(1500).fill('r'),
    headers: new Map(Array.from({ length: 1200 }, (_, i) => [`h${i}`, ['v']] as const)),
  };
  it('is cut: strings at 262,144 characters, lists and headers at 1,000 entries', () => {
    expect(evaluate('size(text)', document).value).toBe(limits.viewString);
    expect(evaluate('size(to)', document).value).toBe(1000);
    expect(evaluate('size(references)', document).value).toBe(1000);
    expect(evaluate('size(headers)', document).value).toBe(1000);
  });

  it('is whole for an expression that only names a field', () => {
    expect(evaluate('text', document).value).toBe(document.text);
    expect(evaluate('to', document).value).toBe(document.to);
    expect(evaluate('(text)', document).value).toBe(document.text);
  });

  it('never ends in half a character', () => {
    const text = `${'x'.repeat(limits.viewString - 1)}🍵`;
    expect(evaluate('text + ""', { ...order, text }).value).toBe('x'.repeat(limits.viewString - 1));
  });
});

describe('what an expression makes', () => {
  it('is at most 1 MiB of text', () => {
    expect(String(evaluate('text + text + text + text', crowd).value)).toHaveLength(limits.madeString);
    expect(failure('text + text + text + text + "x"', crowd)).toContain('more than 1 MiB');
    expect(failure('text.replace("a", "aaaaaaaaaa")', crowd)).toContain('more than 1 MiB');
    expect(failure('[text, text, text, text, text].join()', crowd)).toContain('more than 1 MiB');
    expect(failure('[text, text, text, text, text]', crowd)).toContain('larger than 1 MiB');
  });

  it('is at most a list of 10,000', () => {
    expect(failure('text.split("")', crowd)).toContain('more than 10,000 elements');
    expect(
      failure('to.map(a, cc.map(b, b.name)).map(l, l + l + l + l + l + l + l + l + l + l + l)', {
        ...crowd,
        to: many(1),
      }),
    ).toContain('more than 10,000 elements');
  });

  it('nests at most 16 levels', () => {
    expect(evaluate(`${'['.repeat(16)}1${']'.repeat(16)}`).type).toBe('dyn');
    expect(failure(`${'['.repeat(17)}1${']'.repeat(17)}`)).toContain('more than 16 levels');
  });

  it('has no U+0000 and no lone surrogates', () => {
    expect(evaluate('"a\\u0000b"').value).toBe('a\ufffdb');
    expect(evaluate('"🍵".substring(0, 1)').value).toBe('\ufffd');
    expect(evaluate('{"k\\u0000": ["🍵".substring(1)]}').value).toEqual(new Map([['k\ufffd', ['\ufffd']]]));
  });
});

describe('the work on one message', () => {
  // What each of these would take without the meter: seconds to hours, or gigabytes.
  it.each([
    'to.exists(a, cc.exists(b, a.name + a.domain == b.name))',
    'to.all(a, cc.all(b, a.name + a.domain != b.name))',
    'to.all(a, cc.all(b, int(a.name) > 0))',
    'to.all(a, cc.all(b, int(a.name) > 0)) || true',
    'to.all(a, cc.all(b, int(a.name) > 0)) || has(from)',
    'to.exists(a, cc.exists(b, text.contains(b.address)))',
    'to.map(a, cc.map(b, text + b.address)).size()',
    'to.map(a, text + a.address).join().size()',
    'to.all(a, text.size() > 0)',
    'to.all(a, cc.all(b, receivedAt.getHours("Europe/Zurich") >= 0))',
    'to.exists(a, text.matches("(a+)+$"))',
    'to.exists(a, text.matches(a.name + "(a+)+$"))',
    'text.extract("((a|b|ab|ba|aa){1,200})+$")',
    'text.contains(text.substring(131072))',
    'to.map(a, text.upper() + a.name).size()',
  ])('ends within bounds: %s', (expression) => {
    // About a second alone; the limit leaves room for a machine that does other things too.
    expect(cpuMilliseconds(() => expect(failure(expression, crowd)).toBe(tooMuch))).toBeLessThan(10_000);
  });

  it('ends at once where it is used up, though all() and exists() go on after errors', () => {
    const compiled = new Compiler().fields(messageTypes).compile('to.all(a, cc.all(b, int(a.name) > 0))');
    if (!compiled.ok) throw new Error(compiled.message);
    const work = fullWork();
    expect(compiled.expression.evaluate(new DocumentView(crowd, messageTypes), work).ok).toBe(false);
    expect(work.left).toBeGreaterThan(-10_000);
  });

  it('is shared by the steps of a pipeline, and new for each message', () => {
    const step = (name: string) => ({ name, filter: 'to.all(a, cc.all(b, a.name != b.name))' });
    const compiled = compileSteps([step('one'), step('two'), step('three')], messageTypes);
    if (!compiled.ok) throw new Error('does not compile');
    const half = { ...crowd, cc: many(500, 5000) };
    for (let i = 0; i < 2; i++) {
      expect(runSteps(compiled.steps, half)).toMatchObject({ outcome: 'error', step: 'three' });
    }
    expect(runSteps(compiled.steps, order).outcome).toBe('pass');
  });
});

describe('regular expressions', () => {
  it('take time linear in the text', () => {
    const run = (length: number) => {
      const text = `${'a'.repeat(length)}b`;
      return cpuMilliseconds(() => {
        for (let i = 0; i < 5; i++) {
          expect(evaluate('text.matches("^(a+)+$")', { ...order, text }).value).toBe(false);
          expect(evaluate('text.extract("^(a+)+$")', { ...order, text }).value).toBe('');
        }
      });
    };
    run(1000);
    // A backtracking engine needs 2^30 steps for 30 characters.
    expect(run(100_000)).toBeLessThan(10_000);
  });

  it('are bounded in length when they come from the message', () => {
    expect(evaluate('subject.matches(from.name + text)', { ...order, text: 'x'.repeat(200) }).value).toBe(false);
    expect(failure('subject.matches(text)', { ...order, text: 'x'.repeat(257) })).toContain('a literal');
  });

  it('that come from the message are kept in small numbers only', () => {
    const meter = new Meter();
    const patterns = new Patterns(meter);
    const cost = (pattern: string) => {
      const work = fullWork();
      meter.start(work);
      patterns.matches('text', pattern);
      return fullWork().left - work.left;
    };
    const fresh = cost('a0');
    expect(cost('a0')).toBeLessThan(fresh);
    for (let i = 1; i < limits.dynamicPatterns; i++) cost(`a${i}`);
    expect(cost('a0')).toBeLessThan(fresh);
    cost('one more');
    expect(cost('a0')).toBeLessThan(fresh);
    expect(cost('a1')).toBe(fresh);
  });
});
