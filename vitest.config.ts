import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

const exclude = [...configDefaults.exclude, '**/.*/**']
const [postgres, temporal] = ['./test/setup/postgres.ts', './test/setup/temporal.ts']

/** One project per suffix: `npx vitest run --project db`. Servers start only for projects that have files to run. */
export default defineConfig({
  test: {
    maxWorkers: '100%', // files wait for servers more than they compute
    reporters: ['default', './test/setup/reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 20_000,
          chaiConfig: { truncateThreshold: 0 }, // titles carry whole vector ids, which `npm run vectors` reads
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.{db,workflow,e2e}.test.ts'],
        },
      },
      {
        test: {
          name: 'db',
          include: ['**/*.db.test.ts'],
          exclude,
          globalSetup: [postgres],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'workflow',
          include: ['**/*.workflow.test.ts'],
          exclude,
          globalSetup: [postgres, temporal],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.e2e.test.ts'],
          exclude,
          globalSetup: [postgres, temporal],
          testTimeout: 180_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 }, // each file starts a whole network; none beside the tests of parts
          maxWorkers: Math.max(3, availableParallelism()), // networks wait for blocks and timers most of their time
        },
      },
    ],
  },
})
