import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { repositoryRoot } from '../processes.mjs';
import { recordLookahead } from './lookahead.mjs';

const entry = join(repositoryRoot, 'packages/core/src/vmfile/kdl-parser.ts');
const chevrotainForKdljs = fileURLToPath(new URL('chevrotain-for-kdljs.mjs', import.meta.url));

/**
 * Bundles packages/core/src/vmfile/kdl-parser.ts with all it imports into `kdl-parser.js` of a directory, with the
 * licences of what is inside beside it.
 *
 * Importing kdljs takes several hundred milliseconds: 700 modules of chevrotain and lodash are read, the grammar is
 * checked, and tables are worked out from it. Here the modules become one, and kdljs gets a chevrotain that skips
 * the checks and finds its tables ready.
 *
 * @param {string} directory
 */
export async function bundleKdlParser(directory) {
  const outfile = join(directory, 'kdl-parser.js');
  const lookahead = await recordLookahead();
  const { metafile } = await esbuild.build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    legalComments: 'eof',
    banner: { js: '/*! Third-party code, see kdl-parser.licenses.txt */' },
    metafile: true,
    logLevel: 'warning',
    plugins: [readyMadeTables(lookahead)],
  });
  // That of the compiler; it is about another file now.
  await rm(`${outfile}.map`, { force: true });
  await writeFile(join(directory, 'kdl-parser.licenses.txt'), await licensesOf(Object.keys(metafile.inputs)));
  await checkBundle(outfile);
}

/**
 * Gives kdljs, and only kdljs, the chevrotain of chevrotain-for-kdljs.mjs.
 *
 * @param {import('./lookahead.mjs').LookaheadTable} lookahead
 * @returns {import('esbuild').Plugin}
 */
function readyMadeTables(lookahead) {
  const kdljs = createRequire(import.meta.url).resolve('kdljs');
  return {
    name: 'ready-made-tables',
    setup(build) {
      build.onResolve({ filter: /^chevrotain$/ }, ({ importer }) => {
        if (importer.includes('/kdljs/')) return { path: chevrotainForKdljs };
        // The stand-in's own import: the one that kdljs would get.
        return { path: createRequire(kdljs).resolve('chevrotain') };
      });
      build.onResolve({ filter: /^kdljs-lookahead$/ }, () => ({
        path: 'table',
        namespace: 'kdljs-lookahead',
      }));
      build.onLoad({ filter: /^table$/, namespace: 'kdljs-lookahead' }, () => ({
        contents: JSON.stringify(lookahead),
        loader: 'json',
      }));
    },
  };
}

/**
 * @param {readonly string[]} inputs files in the bundle
 * @returns {Promise<string>}
 */
async function licensesOf(inputs) {
  const directories = new Set(
    inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? []),
  );
  /** @type {Map<string, string[]>} Packages by the text of their licence: most share one. */
  const packages = new Map();
  for (const directory of [...directories].toSorted()) {
    const path = join(repositoryRoot, directory);
    const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    const text = await firstOf(['LICENSE', 'LICENSE.txt', 'LICENSE.md'].map((file) => join(path, file)));
    packages.set(text.trim(), [...(packages.get(text.trim()) ?? []), `${name} ${version} (${license})`]);
  }
  const rule = `\n${'-'.repeat(80)}\n\n`;
  const texts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `kdl-parser.js contains these packages, in part.\n\n${texts.join(rule)}`;
}

/** @param {readonly string[]} paths */
async function firstOf(paths) {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`A licence is missing: ${paths.join(', ')}`);
}

/**
 * A bundle whose tables do not fit would refuse every file. The tests compare much more.
 *
 * @param {string} outfile
 */
async function checkBundle(outfile) {
  const { parseKdl } = await import(`${pathToFileURL(outfile).href}?${Date.now()}`);
  const good = parseKdl('a "b" c=1 { d #true; /- e; } // f\n"""\n  g\n  """\n');
  const bad = parseKdl('a {');
  if (!good.ok || good.nodes[0].children[0].values[0] !== true || bad.ok) {
    throw new Error(`${dirname(outfile)}/kdl-parser.js does not parse what kdljs parses.`);
  }
}
