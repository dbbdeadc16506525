import { defineConfig } from 'vitest/config';

let order = 0;
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  test: { name, include, exclude: [] as string[], sequence: { groupOrder: order++ }, ...more },
});

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      project('unit', ['test/**/*.test.ts'], {
        exclude: ['test/**/*.{thorough,integration,crash,cluster,gitops}.test.ts'],
        testTimeout: 20_000,
        // Processes for all files and not one for each: starting them and loading the same modules took most of the time.
        isolate: false,
        maxWorkers: '100%',
        pool: 'forks',
      }),
      project('thorough', ['test/**/*.thorough.test.ts'], { testTimeout: 60_000 }),
      project('integration', ['test/**/*.integration.test.ts'], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
        maxWorkers: 2,
      }),
      project('crash', ['test/**/*.crash.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
      project('cluster', ['test/**/*.cluster.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 900_000,
        fileParallelism: false,
      }),
      project('gitops', ['test/**/*.gitops.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 900_000,
        fileParallelism: false,
      }),
    ],
  },
});
