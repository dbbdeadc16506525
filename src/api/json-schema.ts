import type { Rule } from './schema.ts';

/** The part of JSON Schema that our TypeBox schemas use, as plain data to walk over. */
export type SchemaNode = ObjectNode | RecordNode | ArrayNode | StringNode | IntegerNode | NumberNode | BooleanNode;

interface NodeBase {
  readonly description: string;
  readonly 'x-mailmill-default'?: unknown;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

export interface ObjectNode extends NodeBase {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly patternProperties?: undefined;
}

/** A map: one pattern for its keys, one schema for its values. */
export interface RecordNode extends NodeBase {
  readonly type: 'object';
  readonly patternProperties: Readonly<Record<string, SchemaNode>>;
  readonly minProperties?: number;
  readonly maxProperties: number;
  readonly properties?: undefined;
}

export interface ArrayNode extends NodeBase {
  readonly type: 'array';
  readonly items: SchemaNode;
  readonly minItems?: number;
  readonly maxItems: number;
  readonly 'x-kubernetes-list-type': 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

export interface StringNode extends NodeBase {
  readonly type: 'string';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly format?: 'date-time';
}

export interface IntegerNode extends NodeBase {
  readonly type: 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
}

/** With a fraction. */
export interface NumberNode extends NodeBase {
  readonly type: 'number';
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface BooleanNode extends NodeBase {
  readonly type: 'boolean';
}

const types = ['object', 'array', 'string', 'integer', 'number', 'boolean'];

/** Schemas are constants, and asked for at each validation. */
const checked = new WeakSet<object>();

/**
 * A TypeBox schema as a `SchemaNode`. Throws when the schema (at any depth) has something that a structural schema cannot say
 * or that the walkers here do not know: a mistake of the programmer, found by the first test.
 */
export function schemaNode(schema: object): SchemaNode {
  if (!checked.has(schema)) {
    check(schema, '');
    checked.add(schema);
  }
  // The check above is what the type says.
  return schema as SchemaNode;
}

function check(schema: unknown, path: string): void {
  if (!isRecord(schema)) throw new Error(`schema${path}: not an object`);
  const fail = (what: string) => new Error(`schema${path}: ${what}`);
  if (typeof schema.type !== 'string' || !types.includes(schema.type)) throw fail(`unknown type ${schema.type}`);
  if (typeof schema.description !== 'string') throw fail('no description');
  if (schema.type === 'array') {
    if (typeof schema.maxItems !== 'number') throw fail('no maxItems');
    if (schema['x-kubernetes-list-type'] === undefined) throw fail('no x-kubernetes-list-type');
    check(schema.items, `${path}[]`);
  } else if (schema.type === 'string') {
    if (schema.maxLength === undefined && schema.enum === undefined) throw fail('no maxLength');
  } else if (schema.type === 'object') {
    if (isRecord(schema.properties)) {
      for (const [name, property] of Object.entries(schema.properties)) check(property, `${path}.${name}`);
    } else if (isRecord(schema.patternProperties) && Object.keys(schema.patternProperties).length === 1) {
      if (typeof schema.maxProperties !== 'number') throw fail('no maxProperties');
      for (const value of Object.values(schema.patternProperties)) check(value, `${path}{}`);
    } else throw fail('neither properties nor one pattern of properties');
  }
}

/** Whether a value is an object that is neither null nor an array. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The key pattern and the value schema of a map. */
export function recordOf(node: RecordNode): { readonly pattern: string; readonly value: SchemaNode } {
  const [entry] = Object.entries(node.patternProperties);
  if (!entry) throw new Error('a map without a pattern');
  return { pattern: entry[0], value: entry[1] };
}
