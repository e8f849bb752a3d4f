/**
 * Writes what plugins see of core, so that a change of it is seen in review: the API reports
 * docs/reference/plugin-api/*.api.md and the reference docs/reference/plugin-api.md, both from the built declarations.
 * With --check it writes nothing and fails when they differ.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { apiReference } from './api-report/reference.mjs';
import { main, repositoryRoot } from './processes.mjs';

// Both are CommonJS, and used without their types: those of another version would fail the check of types before the
// version is looked at. The model comes with the extractor.
const near = createRequire(import.meta.url);
/** @type {(id: string) => any} */
const load = near;
const { version } = load('@microsoft/api-extractor/package.json');
// 8.0.0 of the registry is a slip of years ago, with a compiler that knows no `import type`.
if (!version.startsWith('7.')) {
  throw new Error(`The API reports need @microsoft/api-extractor 7, and ${version} is installed.`);
}
const { Extractor, ExtractorConfig } = load('@microsoft/api-extractor');
/** @type {(id: string) => any} */
const loadBeside = createRequire(near.resolve('@microsoft/api-extractor'));
const { ApiModel } = loadBeside('@microsoft/api-extractor-model');

const core = join(repositoryRoot, 'packages/core');
const COMMAND = 'node scripts/api-report.mjs';

/**
 * What is an error for which surface. What tests of plugins are given need not say again what the contracts say.
 * @typedef {{ readonly name: 'plugin' | 'testing', readonly errors: readonly string[] }} Surface
 * @type {readonly Surface[]}
 */
const surfaces = [
  { name: 'plugin', errors: ['ae-forgotten-export', 'ae-undocumented', 'ae-unresolved-link'] },
  { name: 'testing', errors: ['ae-forgotten-export'] },
];

/**
 * @param {Surface} surface
 * @param {string} directory where the files go
 * @returns {{ readonly report: string, readonly model: string, readonly messages: readonly { id: string, text: string, where: string }[] }}
 */
function extract({ name, errors }, directory) {
  const entry = join(core, `dist/${name}.d.ts`);
  if (!existsSync(entry)) throw new Error(`There is no ${relative(repositoryRoot, entry)}: run tsc -b.`);
  const model = join(directory, `${name}.api.json`);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(core, 'package.json'),
    configObject: {
      projectFolder: core,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2024',
            lib: ['es2024'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            typeRoots: [join(repositoryRoot, 'node_modules/@types')],
            strict: true,
            skipLibCheck: true,
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: `${directory}/`,
        reportTempFolder: `${directory}/temporary/`,
      },
      docModel: { enabled: true, apiJsonFilePath: model },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'none' },
          ...Object.fromEntries(errors.map((id) => [id, { logLevel: 'error' }])),
        },
        tsdocMessageReporting: { default: { logLevel: 'error' } },
      },
    },
  });
  /** @type {{ id: string, text: string, where: string }[]} */
  const messages = [];
  Extractor.invoke(config, {
    localBuild: true,
    /** @param {{ category: string, logLevel: string, messageId: string, text: string, sourceFilePath?: string, sourceFileLine?: number, handled: boolean }} message */
    messageCallback(message) {
      message.handled = true;
      if (message.category === 'console') return;
      if (message.logLevel !== 'error' && !errors.includes(message.messageId)) return;
      const where = `${relative(repositoryRoot, message.sourceFilePath ?? entry)}:${message.sourceFileLine ?? 1}`;
      messages.push({ id: message.messageId, text: message.text, where });
    },
  });
  return { report: readFileSync(join(directory, `${name}.api.md`), 'utf8'), model, messages };
}

/**
 * The files to be checked in, by path, and what is wrong with the surfaces.
 * @param {string} directory
 * @returns {Promise<{ readonly files: ReadonlyMap<string, string>, readonly problems: readonly string[] }>}
 */
async function produce(directory) {
  /** @type {Map<string, string>} */
  const files = new Map();
  /** @type {string[]} */
  const problems = [];
  /** @type {Set<string>} */
  const contracts = new Set();
  for (const surface of surfaces) {
    const { report, model, messages } = extract(surface, directory);
    files.set(`docs/reference/plugin-api/${surface.name}.api.md`, report);
    const [entryPoint] = new ApiModel().loadPackage(model).entryPoints;
    if (surface.name === 'plugin') {
      for (const { displayName } of entryPoint.members) contracts.add(displayName);
      files.set('docs/reference/plugin-api.md', apiReference(entryPoint.members));
    }
    for (const { id, text, where } of messages) {
      // A test takes the contracts from @vmctl/core/plugin.
      const forgotten = /^The symbol "(\w+)"/.exec(text)?.[1];
      if (id === 'ae-forgotten-export' && forgotten !== undefined && contracts.has(forgotten)) continue;
      problems.push(`@vmctl/core/${surface.name}: ${where}: ${id}: ${text}`);
    }
  }
  for (const [path, text] of files) {
    const options = await resolveConfig(join(repositoryRoot, path));
    files.set(path, await format(text, { ...options, parser: 'markdown' }));
  }
  return { files, problems };
}

await main(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vmctl-api-report-'));
  try {
    const { files, problems } = await produce(directory);
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0) process.exitCode = 1;
    for (const [path, text] of files) {
      const file = join(repositoryRoot, path);
      if (!process.argv.includes('--check')) writeFileSync(file, text);
      else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
        process.stderr.write(`${path} differs from the code. Look at the change, and renew it: ${COMMAND}\n`);
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
