import { fileURLToPath } from 'node:url';

const loader = new URL('../../../core/test/support/typescript-loader.js', import.meta.url);

/** The command that runs a program of the package's sources as it is: `serial/recorder-program.ts`. */
export function sourceCommand(program: string): readonly string[] {
  const path = fileURLToPath(new URL(`../../src/${program}`, import.meta.url));
  return [process.execPath, '--no-warnings', '--import', loader.href, path];
}
