import { stalled } from '../../telemetry/errors.ts';
import type { XmlReader } from './xml.ts';

/** An element with what is in it; those of other namespaces (extensions) are left out. */
export interface Element {
  readonly name: string;
  /** Its own text, without blanks around it. */
  readonly text: string;
  readonly children: readonly Element[];
}

/** Most elements of one record or other part of a report: a hundred signatures (RFC 9990 §3.1.2) need some 500. */
const maxElements = 10_000;
/** Longest text of one element kept, in UTF-16 units. */
const maxText = 65_536;

interface Open {
  readonly name: string;
  text: string;
  readonly children: Element[];
}

/**
 * Reads the element whose start tag the reader has just found, to its end; null when the text ends before.
 *
 * @param prefix of the report's own elements beside none; elements with another one are extensions.
 * @throws MailmillError `REPORT_XML_INVALID`, `REPORT_TOO_LARGE`
 */
export function readElement(reader: XmlReader, prefix: string): Element | null {
  const base = reader.depth - 1;
  const stack: Open[] = [{ name: reader.name, text: '', children: [] }];
  let count = 0;
  /** Depth of the extension that is being left out, 0 when none is. */
  let extension = 0;
  for (;;) {
    const token = reader.next();
    if (token === 'end') return null;
    if (token === 'open') {
      count++;
      if (count > maxElements)
        throw stalled('REPORT_TOO_LARGE', `a record of the report has more than ${maxElements} elements`);
      if (extension > 0) continue;
      if (reader.prefix !== '' && reader.prefix !== prefix) extension = reader.depth;
      else stack.push({ name: reader.name, text: '', children: [] });
    } else if (token === 'text') {
      const open = stack.at(-1);
      if (extension === 0 && open !== undefined && open.text.length < maxText) open.text += reader.text;
    } else if (extension > 0) {
      if (reader.depth < extension) extension = 0;
    } else {
      const closed = stack.pop();
      if (closed === undefined) return null;
      const element = { name: closed.name, text: closed.text.slice(0, maxText).trim(), children: closed.children };
      if (reader.depth === base) return element;
      stack.at(-1)?.children.push(element);
    }
  }
}

/** The first child of that name. */
export const child = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((each) => each.name === name);

export const childrenOf = (element: Element | undefined, name: string): readonly Element[] =>
  element?.children.filter((each) => each.name === name) ?? [];
