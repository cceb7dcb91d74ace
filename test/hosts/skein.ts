import { fileURLToPath } from 'node:url'

/** The built `skein` command, from the sources of the tests and from their built form alike. */
export const skeinMain = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/src/main.js' : '../../src/main.js', import.meta.url),
)
