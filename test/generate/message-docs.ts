import type { MessageSchema, Schema } from './message-schema.ts';

const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** A type in a few words, with a link where it has a table of its own. */
function words(schema: Schema): string {
  if (schema.$ref !== undefined) return `[${nameOf(schema.$ref)}](#${nameOf(schema.$ref).toLowerCase()})`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(words).join(' \\| ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' \\| ');
  if (schema.format !== undefined) return 'date-time';
  if (schema.items !== undefined) return `list of ${words(schema.items)}`;
  if (schema.additionalProperties) return `map of ${words(schema.additionalProperties)}`;
  return schema.type ?? 'any';
}

interface Row {
  readonly name: string;
  readonly schema: Schema;
}

function rows(schema: Schema, prefix: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => [
    { name: `${prefix}${name}${schema.required?.includes(name) ? '' : '?'}`, schema: one },
    ...(one.properties === undefined ? [] : rows(one, `${prefix}${name}.`)),
  ]);
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function table(schema: Schema): string {
  const lines = rows(schema, '').map(
    ({ name, schema: one }) => `| \`${name}\` | ${words(one)} | ${cell(one.description ?? '')} |`,
  );
  return ['| member | type | meaning |', '|---|---|---|', ...lines].join('\n');
}

function section(name: string, schema: Schema): string {
  const parts = [`## ${name}`];
  if (schema.description !== undefined) parts.push(schema.description);
  if (schema.properties !== undefined) parts.push(table(schema));
  for (const one of schema.anyOf ?? []) {
    if (one.$ref !== undefined) parts.push(`- ${words(one)}`);
    else if (one.properties !== undefined)
      parts.push(`With \`kind: ${one.properties.kind?.const ?? ''}\`:`, table(one));
  }
  return parts.join('\n\n');
}

/** The schema as a page of Markdown. */
export function messageDocs(schema: MessageSchema): string {
  const sections = Object.entries(schema.$defs).map(([name, one]) => section(name, one));
  return `<!-- Generated from src/message/normal-message.ts by \`npm run generate\`; do not edit. -->

# The normalised message

What \`mailmill parse --json\` prints; pipelines see the same members as fields of a document. ${schema.description ?? ''} Dates are RFC 3339 in UTC. Members marked \`?\` may
be absent. As JSON Schema: [message.schema.json](message.schema.json).

${table(schema)}

${sections.join('\n\n')}
`;
}
