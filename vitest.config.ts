import { defineConfig } from 'vitest/config'

// unit: beside the source, no waiting, no devices. conformance: each device, real and simulated.
// e2e: real daemons, real kubectl, a real Docker Engine; one file at a time, for they share the engine.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Cores share nothing, so their tests need no worker of their own each: half the time.
          isolate: false,
          include: [
            'src/**/*.test.ts',
            'test/*.test.ts',
            'test/scripts/**/*.test.ts',
            'test/sim/**/*.test.ts',
            'test/hosts/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
