import { isRecord, recordOf, type SchemaNode, schemaNode } from './json-schema.ts';
import { group, type ResourceDefinition, rootRules, version } from './resources.ts';
import type { Rule } from './schema.ts';

type Json = Record<string, unknown>;

/** A default as a person writes it in YAML on one line. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (isRecord(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${inline(item)}`)
      .join(', ')}}`;
  return String(value);
}

/** Description with the default, which stands nowhere else in a CRD: `default:` would be drift to Argo CD. */
export function describe(node: SchemaNode): string {
  const fallback = node['x-mailmill-default'];
  const empty = isRecord(fallback) && Object.keys(fallback).length === 0;
  return fallback === undefined || empty ? node.description : `${node.description} Default: \`${inline(fallback)}\`.`;
}

/** What a structural schema cannot say about the keys of a map. */
const keyRules = (pattern: string): readonly Rule[] => [
  { rule: `self.all(k, k.matches(${JSON.stringify(pattern)}))`, message: `keys must match ${pattern}` },
];

/** The rules of a node in the CRD: its own and one for the keys of a map. */
function admissionRules(node: SchemaNode): readonly Rule[] {
  const own = node['x-kubernetes-validations'] ?? [];
  return node.type === 'object' && node.patternProperties !== undefined
    ? [...own, ...keyRules(recordOf(node).pattern)]
    : own;
}

/** An API server drops an empty map, which Argo CD then sees as drift for ever. */
function propertiesOf(properties: Readonly<Record<string, SchemaNode>>): Json {
  const all = Object.entries(properties).map(([name, property]) => [name, structural(property)]);
  return all.length === 0 ? {} : { properties: Object.fromEntries(all) };
}

/** A schema in the structural form of a CRD (no `default`, no `additionalProperties: false`, no `patternProperties`). */
function structural(node: SchemaNode): Json {
  const rules = admissionRules(node);
  const end: Json = rules.length > 0 ? { 'x-kubernetes-validations': rules.map((rule) => ({ ...rule })) } : {};
  const start: Json = { description: describe(node), type: node.type };
  switch (node.type) {
    case 'object':
      if (node.patternProperties !== undefined) {
        return {
          ...start,
          ...pick(node, ['minProperties', 'maxProperties']),
          additionalProperties: structural(recordOf(node).value),
          ...end,
        };
      }
      return {
        ...start,
        ...(node.required && node.required.length > 0 ? { required: [...node.required] } : {}),
        ...propertiesOf(node.properties),
        ...end,
      };
    case 'array':
      return {
        ...start,
        ...pick(node, ['minItems', 'maxItems', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys']),
        items: structural(node.items),
        ...end,
      };
    case 'string':
      return { ...start, ...pick(node, ['enum', 'minLength', 'maxLength', 'pattern', 'format']), ...end };
    case 'integer':
      return { ...start, format: 'int64', ...pick(node, ['minimum', 'maximum']), ...end };
    case 'number':
      return { ...start, ...pick(node, ['minimum', 'maximum']), ...end };
    case 'boolean':
      return { ...start, ...end };
  }
}

function pick<T extends object>(from: T, keys: readonly (keyof T & string)[]): Json {
  const picked: Json = {};
  for (const key of keys) {
    const value = from[key];
    if (value !== undefined) picked[key] = Array.isArray(value) ? [...value] : value;
  }
  return picked;
}

/** The CustomResourceDefinition of a resource, as plain data. */
export function customResourceDefinition(definition: ResourceDefinition): Json {
  const { kind, plural, singular, shortNames, scale } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [...shortNames],
        categories: ['mailmill'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {}, ...(scale ? { scale: { ...scale } } : {}) },
          additionalPrinterColumns: definition.columns.map((column) => ({ ...column })),
          schema: {
            openAPIV3Schema: {
              description: definition.description,
              type: 'object',
              required: ['spec'],
              properties: {
                apiVersion: { description: `Always \`${group}/${version}\`.`, type: 'string' },
                kind: { description: `Always \`${kind}\`.`, type: 'string' },
                // Only what a rule names; the API server allows nothing more here, not even a description.
                metadata: { type: 'object', properties: { name: { type: 'string' } } },
                spec: structural(schemaNode(definition.spec)),
                status: structural(schemaNode(definition.status)),
              },
              'x-kubernetes-validations': rootRules.map((rule) => ({ ...rule })),
            },
          },
        },
      ],
    },
  };
}
