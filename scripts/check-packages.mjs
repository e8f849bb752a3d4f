/**
 * Looks at each package as npm would publish it: which files are in it, whether its package.json is right (publint), and
 * whether its types resolve (are-the-types-wrong).
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandFailed, main, outputOf, repositoryRoot } from './processes.mjs';

/** What may be in a package. */
const allowed = [
  /^LICENSE$/,
  /^README\.md$/,
  /^package\.json$/,
  /^oclif\.manifest\.json$/,
  /^bin\/[^/]+$/,
  /^completion\/vmctl\.(bash|fish|zsh)$/,
  /^dist\/.+\.(js|d\.ts)$/,
  /^dist\/.+\.licenses\.txt$/,
  /^help\/[^/]+\.md$/,
  /^schemas\/[^/]+\.schema\.json$/,
  /^templates\/.+\.(ts|json|kdl|md|yml)$/,
  /^templates\/shared\/(LICENSE|gitignore)$/,
];

/** @typedef {{ name: string, private?: boolean, oclif?: { commands?: string }, bin?: Record<string, string> }} Manifest */

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8'));

/** What must be in a package. @param {Manifest} manifest */
const required = ({ oclif, bin = {} }) => [
  'LICENSE',
  'README.md',
  'package.json',
  ...(oclif?.commands === undefined ? [] : ['oclif.manifest.json']),
  ...Object.values(bin).map((path) => path.replace(/^\.\//, '')),
];

/**
 * @param {string} directory
 * @param {string} destination where the packed package goes
 * @returns {Promise<string[]>} what is wrong
 */
async function check(directory, destination) {
  /** @type {Manifest} */
  const manifest = readJson(join(directory, 'package.json'));
  const packed = await outputOf('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd: join(repositoryRoot, directory),
  });
  const [{ filename, files }] = /** @type {[{ filename: string, files: { path: string }[] }]} */ (
    JSON.parse(packed)
  );
  const paths = files.map(({ path }) => path);
  const problems = [
    ...paths
      .filter((path) => !allowed.some((pattern) => pattern.test(path)))
      .map((path) => `${path} does not belong into the package`),
    ...required(manifest)
      .filter((path) => !paths.includes(path))
      .map((path) => `${path} is missing`),
  ];
  if (readFileSync(join(repositoryRoot, directory, 'LICENSE'), 'utf8') !== rootLicense) {
    problems.push('LICENSE is not the one of the repository');
  }
  const archive = join(destination, filename);
  problems.push(...(await failing('publint', ['run', archive, '--strict'])));
  problems.push(...(await failing('attw', [archive, '--profile', 'esm-only'])));
  return problems;
}

const rootLicense = readFileSync(join(repositoryRoot, 'LICENSE'), 'utf8');

/** @param {string} file @param {string[]} args @returns {Promise<string[]>} a problem when the program fails */
async function failing(file, args) {
  try {
    await outputOf(file, args);
    return [];
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return [`${error.message}\n${error.output}`];
  }
}

await main(async () => {
  const destination = mkdtempSync(join(tmpdir(), 'vmctl-packages-'));
  try {
    for (const directory of globSync('packages/*/package.json', { cwd: repositoryRoot })
      .map(dirname)
      .toSorted()) {
      if (readJson(join(directory, 'package.json')).private === true) continue;
      for (const problem of await check(directory, destination)) {
        process.stderr.write(`${directory}: ${problem}\n`);
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(destination, { recursive: true, force: true });
  }
});
