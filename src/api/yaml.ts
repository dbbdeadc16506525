import {
  boolYaml11Tag,
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
import { item, type Position, parent, property } from './issue.ts';

/** `yes` and `on` are booleans to kubectl and the API server, which read YAML 1.1 there; so they are to us. */
const schema = CORE_SCHEMA.withTags(boolYaml11Tag, mergeTag);

/** One YAML document: its value and where its parts stand. */
export interface YamlDocument {
  readonly value: unknown;
  /** Place of a path, or of the nearest part around it that is written out. */
  locate(path: string): Position;
}

/** The documents of a text, or where it cannot be read. */
export type YamlResult =
  | { readonly documents: readonly YamlDocument[]; readonly problem?: undefined }
  | { readonly problem: Position & { readonly message: string } };

/** Reads all documents of a text (JSON is YAML too), empty ones left out; or says where it cannot be read. */
export function readYaml(text: string): YamlResult {
  const lines = lineStarts(text);
  try {
    const events = parseEvents(text, {});
    const values = constructFromEvents(events, { source: text, schema });
    const maps = positions(events, text);
    const documents = values.flatMap((value, index) => {
      const map = maps[index] ?? new Map<string, number>();
      return value === null || value === undefined ? [] : [{ value, locate: (path: string) => find(map, path, lines) }];
    });
    return { documents };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line = 0, column = 0 } = error.mark ?? {};
    return { problem: { message: error.reason, line: line + 1, column: column + 1 } };
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function find(map: ReadonlyMap<string, number>, path: string, lines: readonly number[]): Position {
  for (let at: string | undefined = path; at !== undefined; at = parent(at)) {
    const offset = map.get(at);
    if (offset === undefined) continue;
    const next = lines.findIndex((start) => start > offset);
    const line = next < 0 ? lines.length : next;
    return { line, column: offset - (lines[line - 1] ?? 0) + 1 };
  }
  return { line: 1, column: 1 };
}

/** For each document, the offset of every path: where its key stands, or the item of a list. */
function positions(events: readonly Event[], text: string): readonly ReadonlyMap<string, number>[] {
  const documents: Map<string, number>[] = [];
  let at = 0;
  const next = (): Event => {
    const event = events[at++];
    if (!event) throw new Error('YAML events end in the middle of a document');
    return event;
  };
  const node = (map: Map<string, number>, path: string, event: Event): void => {
    note(map, path, event);
    if (event.type === EVENT_ID.SEQUENCE) {
      for (let index = 0, child = next(); child.type !== EVENT_ID.POP; child = next())
        node(map, item(path, index++), child);
    } else if (event.type === EVENT_ID.MAPPING) {
      for (let key = next(); key.type !== EVENT_ID.POP; key = next()) {
        const name = key.type === EVENT_ID.SCALAR && key.valueStart >= 0 ? getScalarValue(text, key) : '';
        const below = property(path, name);
        if (key.type === EVENT_ID.SCALAR) note(map, below, key);
        else node(new Map(), '', key);
        node(map, below, next());
      }
    }
  };
  while (at < events.length) {
    if (next().type !== EVENT_ID.DOCUMENT) continue;
    const map = new Map<string, number>();
    documents.push(map);
    for (let event = next(); event.type !== EVENT_ID.POP; event = next()) node(map, '', event);
  }
  return documents;
}

/** Keeps the first place of a path: that of a key before that of its value. */
function note(map: Map<string, number>, path: string, event: Event): void {
  const start = startOf(event);
  if (start !== undefined && !map.has(path)) map.set(path, start);
}

/** Where a node begins; `undefined` for a value that is left out and for an alias. */
function startOf(event: Event): number | undefined {
  if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  if (event.type !== EVENT_ID.SCALAR || event.valueStart < 0) return undefined;
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}
