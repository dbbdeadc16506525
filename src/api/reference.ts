import { describe } from './crd.ts';
import { recordOf, type SchemaNode, schemaNode } from './json-schema.ts';
import { apiVersion, type ResourceDefinition } from './resources.ts';

/** Type and bounds of a field in a few words. */
function typeOf(node: SchemaNode): string {
  switch (node.type) {
    case 'object':
      if (node.patternProperties === undefined) return 'object';
      return `map of ${typeOf(recordOf(node).value)}, ${range(node.minProperties, node.maxProperties)}`;
    case 'array':
      return `list of ${typeOf(node.items)}, ${range(node.minItems, node.maxItems)}`;
    case 'string':
      if (node.enum) return node.enum.map((value) => `\`${value}\``).join(' \\| ');
      if (node.pattern?.startsWith('^[1-9][0-9]{0,6}(ms')) return 'duration (`90d`, `15m`, `500ms`)';
      if (node.pattern?.endsWith('(Ki|Mi|Gi)?$')) return 'size (`64Mi`, bytes without a unit)';
      return node.format ?? `string ≤ ${node.maxLength}`;
    case 'integer':
      if (node.minimum === undefined && node.maximum === undefined) return 'integer';
      return `integer ${node.minimum ?? ''}…${node.maximum ?? ''}`;
    case 'number':
      return `number ${node.minimum ?? ''}…${node.maximum ?? ''}`;
    case 'boolean':
      return 'boolean';
  }
}

const range = (min: number | undefined, max: number) => (min ? `${min} to ${max}` : `at most ${max}`);

interface Row {
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

function rows(node: SchemaNode, path: string): readonly Row[] {
  if (node.type === 'array') return rows(node.items, `${path}[]`);
  if (node.type !== 'object' || node.patternProperties !== undefined) return [];
  return Object.entries(node.properties).flatMap(([name, property]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [{ path: at, node: property, required: node.required?.includes(name) ?? false }, ...rows(property, at)];
  });
}

function rules(node: SchemaNode, path: string): readonly string[] {
  const own = (node['x-kubernetes-validations'] ?? []).map((rule) => `- \`${path}\`: ${rule.message}.`);
  if (node.type === 'array') return [...own, ...rules(node.items, `${path}[]`)];
  if (node.type !== 'object' || node.patternProperties !== undefined) return own;
  return [...own, ...Object.entries(node.properties).flatMap(([name, child]) => rules(child, `${path}.${name}`))];
}

const cell = (text: string) => text.replaceAll('\n', ' ').replaceAll('|', '\\|');

function table(node: SchemaNode): string {
  const lines = rows(node, '').map(
    ({ path, node: field, required }) =>
      `| \`${path}\`${required ? ' **\\***' : ''} | ${typeOf(field)} | ${cell(describe(field))} |`,
  );
  return ['| field | type | meaning |', '|---|---|---|', ...lines].join('\n');
}

/** The reference of some resources as Markdown, headings from level 3 on. */
export function reference(definitions: readonly ResourceDefinition[]): string {
  const parts = definitions.map((definition) => {
    const spec = schemaNode(definition.spec);
    const status = schemaNode(definition.status);
    const said = rules(spec, 'spec');
    return [
      `### ${definition.kind}`,
      `${definition.description} \`apiVersion: ${apiVersion}\`, short ${definition.shortNames.map((name) => `\`${name}\``).join(', ')}. Required fields are marked **\\***.`,
      `#### \`spec\` of ${definition.kind}`,
      table(spec),
      ...(said.length > 0 ? [`Rules:\n\n${said.join('\n')}`] : []),
      `#### \`status\` of ${definition.kind}`,
      table(status),
    ].join('\n\n');
  });
  return parts.join('\n\n');
}
