import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { columnName } from '../src/message/column-name.ts';
import { messageFields } from '../src/message/fields.ts';
import { columnsOf, systemColumns } from '../src/sinks/postgres/columns.ts';
import { workerMetrics } from '../src/telemetry/metrics.ts';
import { reconcileMetrics } from '../src/telemetry/reconcile-metrics.ts';

const root = new URL('..', import.meta.url).pathname;
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
  .join('\n');

describe('the README tells what is there', () => {
  test('every field and column of a document', () => {
    const types = new Map(messageFields.map((field) => [field.name, field.type]));
    const { columns } = columnsOf({ columns: [...types.keys()] }, types);
    for (const { name, type, description, onDemand = false } of messageFields) {
      const sql = columns
        .find((column) => column.field === name)
        ?.sqlType.replace('timestamp with time zone', 'timestamptz');
      const column = `${onDemand ? 'on demand: ' : ''}\`${columnName(name)} ${sql}\``;
      expect(readme).toContain(`| \`${name}\` | \`${type}\` | ${column} | ${description} |`);
    }
    for (const { name } of systemColumns) expect(readme).toContain(`\`${name} `);
  });

  test('every metric of a worker and of a reconcile with its labels', async () => {
    const registry = new Registry();
    workerMetrics(registry);
    reconcileMetrics(registry, () => []);
    for (const { name, help, type } of await registry.getMetricsAsJSON())
      expect(readme).toMatch(
        new RegExp(
          `^\\| \`${name}\` \\| ${String(type)} \\| [a-z, ]+ \\| ${help.replaceAll(/[().]/g, '\\$&')} \\|$`,
          'm',
        ),
      );
  });

  test('no error code that the code has not', () => {
    const named = [...readme.matchAll(/`((?:[A-Z]+_)+[A-Z]+)`/g)].map((match) => match[1] ?? '');
    const codes = named.filter((name) => !name.startsWith('MAILMILL_'));
    expect(codes.length).toBeGreaterThan(50);
    const known = (code: string) =>
      sources.includes(`'${code}'`) || sources.includes(`\`\${what}_${code.replace(/^(STORE|SINK)_/, '')}\``);
    expect(codes.filter((code) => !known(code))).toEqual([]);
  });

  test('commands, scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    for (const [, script] of readme.matchAll(/npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(script);
    for (const [, file] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect([file, existsSync(join(root, file ?? ''))]).toEqual([file, true]);
    const commands = [
      ...readFileSync(join(root, 'src/main.ts'), 'utf8').matchAll(/import\('\.\/commands\/([a-z-]+)\.ts'\)/g),
    ];
    for (const [, command] of commands) expect(readme).toContain(`\`${command}`);
  });
});
