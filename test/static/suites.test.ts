import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { expect, test } from 'vitest';
import config from '../vitest.config.ts';
import { suites } from './suites.ts';

const root = new URL('../..', import.meta.url).pathname;
const names = suites.map((suite) => suite.name);
const projects = (config.test?.projects ?? []).map((project) => {
  if (typeof project !== 'object' || !('test' in project)) throw new TypeError('a project of vitest without settings');
  const { name, include = [], exclude = [] } = project.test ?? {};
  return { name: String(name), include, exclude };
});

test('every file of tests belongs to one suite', () => {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`);
  expect(files.length).toBeGreaterThan(150);
  const suitesOf = (file: string) =>
    projects
      .filter(
        ({ include, exclude }) =>
          include.some((glob) => matchesGlob(file, glob)) && !exclude.some((glob) => matchesGlob(file, glob)),
      )
      .map(({ name }) => name);
  expect(files.filter((file) => suitesOf(file).length !== 1).map((file) => [file, suitesOf(file)])).toEqual([]);
});

test('every suite is run by npm test, has a script of its own, and stands in the README', () => {
  expect([...names].sort()).toEqual([...projects.map(({ name }) => name), 'static'].sort());
  const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const name of names) {
    expect(scripts[`test:${name}`]).toMatch(new RegExp(` test/run\\.mjs ${name}$`));
    expect(readme).toContain(`| \`npm run test:${name}\` |`);
  }
});
