import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Files of a repository in small, by path. Each breaks one rule, or none. */
const files: Record<string, string> = {
  'packages/core/src/host/exec.ts': 'export const exec = 1;\n',
  'packages/core/src/operations/up.ts': "export { exec } from '../host/exec.js';\n",
  'packages/core/src/vmctl.ts': "export { exec as Vmctl } from './operations/up.js';\n",
  'packages/core/src/plugin.ts': 'export interface PluginHost { readonly name: string }\n',

  'packages/core/src/host/upwards.ts': "export { exec } from '../operations/up.js';\n",
  'packages/core/src/host/deep/upwards.ts': "export { exec } from '../../operations/up.js';\n",
  'packages/core/src/host/upwards-type.ts':
    "import type { exec } from '../operations/up.js';\nexport type E = typeof exec;\n",
  'packages/core/src/operations/library.ts': "export { Vmctl } from '../vmctl.js';\n",
  'packages/core/src/guest/entry.ts': "export type { PluginHost } from '../plugin.js';\n",
  'packages/core/src/plugins/qemu.ts': "export * from '@vmctl/plugin-qemu';\n",
  'packages/core/src/index.ts': "export * from '@vmctl/plugin-qemu';\n",

  'packages/plugin-qemu/src/types.ts':
    "import type { PluginHost } from '@vmctl/core/plugin';\nexport type Host = PluginHost;\n",
  'packages/plugin-qemu/src/run-time.ts': "export * from '@vmctl/core/plugin';\n",
  'packages/plugin-qemu/src/library-type.ts':
    "import type { Vmctl } from '@vmctl/core';\nexport type V = typeof Vmctl;\n",
  'packages/plugin-qemu/src/relative.ts': "export { exec } from '../../core/src/host/exec.js';\n",

  'packages/core/src/state/a.ts': "import { b } from './b.js';\nexport const a = (): number => b();\n",
  'packages/core/src/state/b.ts': "import { a } from './a.js';\nexport const b = (): number => a();\n",
  'packages/core/src/state/any.ts': 'export const x = (value: any): unknown => value;\n',
  'packages/core/src/state/non-null.ts':
    'export const first = (all: readonly string[]): string => all[0]!;\n',
  'packages/core/src/state/console.ts': "export const say = (): void => console.log('hello');\n",
  'packages/core/src/state/floating.ts':
    'const work = async (): Promise<void> => {};\nexport function start(): void {\n  work();\n}\n',
  'packages/core/src/state/misused.ts':
    'export const all = (list: string[]): void => list.forEach(async () => Promise.resolve());\n',
  'packages/core/src/state/not-a-promise.ts':
    'export const wait = async (value: number): Promise<number> => await value;\n',
  'packages/core/src/state/assertion.ts': 'export const same = (value: string): string => value as string;\n',
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly message: string;
  readonly help?: string;
}

let directory: string;
let diagnostics: readonly Diagnostic[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-lint-'));
  await symlink(join(repositoryRoot, 'node_modules'), join(directory, 'node_modules'));
  for (const name of ['oxlint.config.ts', 'tsconfig.base.json', 'packages/core/tsconfig.json']) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await cp(join(repositoryRoot, name), join(directory, name));
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  diagnostics = await lint(directory);
});

afterAll(async () => rm(directory, { recursive: true, force: true }));

/** Runs oxlint as `npm run lint` does, but not on the linked node_modules. */
async function lint(cwd: string): Promise<Diagnostic[]> {
  const oxlint = join(repositoryRoot, 'node_modules/oxlint/bin/oxlint');
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [oxlint, '--format', 'json', 'packages'], { cwd }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  const report = JSON.parse(output) as { diagnostics: Diagnostic[] };
  return report.diagnostics;
}

/** The rules that a file breaks. */
const rulesBrokenIn = (path: string): string[] =>
  diagnostics
    .filter(({ filename }) => filename === path)
    .map(({ code }) => /\(([^)]+)\)/.exec(code)?.[1] ?? code);

describe('the lint rules', () => {
  it.each([
    ['an import from a lower folder of core', 'packages/core/src/operations/up.ts'],
    ['an import of a folder by the file of the library object', 'packages/core/src/vmctl.ts'],
    ["an import of core's types by a plugin", 'packages/plugin-qemu/src/types.ts'],
  ])('accept %s', (_what, path) => {
    expect(rulesBrokenIn(path)).toEqual([]);
  });

  it.each([
    ['an import from a higher folder of core', 'packages/core/src/host/upwards.ts'],
    ['an import from a higher folder, out of a subfolder', 'packages/core/src/host/deep/upwards.ts'],
    ['an import of types from a higher folder', 'packages/core/src/host/upwards-type.ts'],
    ['an import of the library object by an operation', 'packages/core/src/operations/library.ts'],
    ["an import of core's own entry point by core", 'packages/core/src/guest/entry.ts'],
    ['an import of a plugin by a folder of core', 'packages/core/src/plugins/qemu.ts'],
    ["an import of a plugin by core's entry point", 'packages/core/src/index.ts'],
    ['an import of core at run time by a plugin', 'packages/plugin-qemu/src/run-time.ts'],
    ["an import of the library's types by a plugin", 'packages/plugin-qemu/src/library-type.ts'],
    ["an import of core's source files by a plugin", 'packages/plugin-qemu/src/relative.ts'],
  ])('refuse %s', (_what, path) => {
    expect(rulesBrokenIn(path)).toEqual(['no-restricted-imports']);
  });

  it('say which folders may be imported', () => {
    const found = diagnostics.find(({ filename }) => filename === 'packages/core/src/host/upwards.ts');
    expect(`${found?.message} ${found?.help}`).toContain('host may use errors, events.');
  });

  it.each([
    ['no-cycle', 'packages/core/src/state/a.ts'],
    ['no-explicit-any', 'packages/core/src/state/any.ts'],
    ['no-non-null-assertion', 'packages/core/src/state/non-null.ts'],
    ['no-console', 'packages/core/src/state/console.ts'],
    ['no-floating-promises', 'packages/core/src/state/floating.ts'],
    ['no-misused-promises', 'packages/core/src/state/misused.ts'],
    ['await-thenable', 'packages/core/src/state/not-a-promise.ts'],
    ['no-unnecessary-type-assertion', 'packages/core/src/state/assertion.ts'],
  ])('%s is in force', (rule, path) => {
    expect(rulesBrokenIn(path)).toContain(rule);
  });
});
