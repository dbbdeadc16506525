import { isIP } from 'node:net';
import { parseDate } from '../dates.ts';
import { Defects } from '../defects.ts';
import { bareLiteral } from '../ip-literal.ts';
import { epochDate, fromMidnight } from '../report-dates.ts';
import { clean } from '../sanitize.ts';
import type { DmarcDeviation } from './aggregate.ts';
import { child, type Element } from './element.ts';

const maxValue = 4_096;
const unused = new Defects();

/** Collects deviations, each once, in the order of their first sight. */
export class Deviations {
  readonly #codes = new Set<DmarcDeviation>();

  add(code: DmarcDeviation): void {
    this.#codes.add(code);
  }

  list(): readonly DmarcDeviation[] {
    return [...this.#codes];
  }
}

/** Reads values of elements; what is odd about them goes to `deviations`. */
export class Values {
  readonly deviations = new Deviations();

  /** Text of a child; null when there is no such element. */
  stated(parent: Element | undefined, name: string): string | null {
    const element = child(parent, name);
    if (element === undefined) return null;
    const text = clean(element.text, 'report', unused);
    if (text.length <= maxValue) return text;
    this.deviations.add('VALUE_CUT');
    return text.slice(0, maxValue).toWellFormed();
  }

  /** Text of a child; null when it is empty too. */
  text(parent: Element | undefined, name: string): string | null {
    return this.stated(parent, name) || null;
  }

  /** A domain in lower case, without a dot at its end. */
  domain(parent: Element | undefined, name: string): string | null {
    return this.text(parent, name)?.toLowerCase().replace(/\.$/, '') ?? null;
  }

  /** One of the words that `known` has, whatever its case; words of older drafts count as what they became. */
  word<Word extends string>(
    parent: Element | undefined,
    name: string,
    known: ReadonlyMap<string, Word>,
    required = false,
  ): Word | null {
    const text = this.text(parent, name)?.toLowerCase();
    if (text === undefined) {
      if (required) this.deviations.add('VALUE_MISSING');
      return null;
    }
    const word = known.get(text);
    if (word === undefined) this.deviations.add('VALUE_UNKNOWN');
    return word ?? null;
  }

  /** A whole number from 0 on; null when there is none. */
  count(parent: Element | undefined, name: string): number | null {
    const text = this.text(parent, name);
    if (text === null || !/^\d{1,15}(\.0*)?$/.test(text)) return null;
    return Math.trunc(Number(text));
  }

  /** An IP address in lower case, without brackets and the mark of IPv6. */
  address(parent: Element | undefined, name: string): string | null {
    const text = bareLiteral(this.text(parent, name) ?? '');
    return isIP(text) === 0 ? null : text;
  }

  /** Seconds since 1970, or a date in another form that mail and machines have. */
  instant(parent: Element | undefined, name: string): Date | null {
    const text = this.text(parent, name);
    if (text === null) return null;
    if (!/^\d{1,12}$/.test(text)) this.deviations.add('DATE_UNUSUAL');
    if (/^\d+(\.\d*)?$/.test(text)) return epochDate(text);
    return parseDate(fromMidnight(text), unused);
  }
}

/** Words by themselves. */
export const words = <Word extends string>(...list: readonly Word[]): ReadonlyMap<string, Word> =>
  new Map(list.map((word) => [word, word]));
