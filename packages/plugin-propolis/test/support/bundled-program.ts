import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const DIRECTORY = fileURLToPath(
  new URL('../../../../node_modules/.cache/vmctl-test-programs', import.meta.url),
);
/** `ws` is CommonJS, which asks for the modules of Node.js in its own way. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/**
 * Makes one file of a program of the package's sources, which node starts in a third of the time that it takes with the
 * sources: tests start it hundreds of times.
 *
 * @param program - relative to the package: `src/testing/propolis-server.ts`
 * @returns its path; the next call with changed sources replaces the file
 */
export async function bundledProgram(program: string): Promise<string> {
  // One process that ends with it; the other way of calling it keeps one.
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(`../../${program}`, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    banner: { js: REQUIRE },
    logLevel: 'error',
  });
  const path = join(DIRECTORY, `${basename(program, '.ts')}.mjs`);
  const partial = `${path}.${process.pid}`;
  await mkdir(DIRECTORY, { recursive: true });
  await writeFile(partial, outputFiles[0]?.contents ?? '');
  // Whole at any time: other test files start it just now.
  await rename(partial, path);
  return path;
}
