/** The guest's files: Debian's packages and what customize.sh makes of them. */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes.mjs';
import { aptNetworkOptions, debianSources } from './debian-sources.mjs';
import { recipeDirectory } from './recipe.mjs';
import { asRoot, isRoot } from './root-privileges.mjs';

/**
 * Installs the packages into `<directory>/root` and moves what the boot partition gets to `<directory>/boot`.
 *
 * @param {string} directory an empty one
 * @returns {Promise<{ root: string, boot: string }>}
 */
export async function makeRootFileSystem(directory) {
  const archive = join(directory, 'root.tar');
  await installPackages(directory, archive);
  const root = join(directory, 'root');
  const boot = join(directory, 'boot');
  await mkdir(root);
  await run(...asRoot('tar', ['--extract', '--numeric-owner', '--xattrs', '-f', archive, '-C', root]));
  await rm(archive);
  await run(...asRoot('mkdir', [join(root, 'dev')]));
  await run(...asRoot('mv', [join(root, 'boot-partition'), boot]));
  return { root, boot };
}

/** @param {string} directory @param {string} archive */
async function installPackages(directory, archive) {
  const sources = join(directory, 'sources.list');
  await writeFile(sources, `${(await debianSources()).join('\n')}\n`);
  const files = join(directory, 'files.tar');
  // The owner and the umask of this checkout are not the guest's.
  await run('tar', [
    ...['--create', '--file', files, '--directory', join(recipeDirectory, 'root')],
    ...['--owner=root:0', '--group=root:0', '--mode=u=rwX,go=rX', '.'],
  ]);
  const log = join(directory, 'install.log');
  const output = createWriteStream(log);
  await new Promise((resolve) => output.once('open', resolve));
  try {
    await run(
      'mmdebstrap',
      [
        `--mode=${isRoot ? 'root' : 'unshare'}`,
        '--variant=minbase',
        '--architectures=amd64',
        '--format=tar',
        // The kernel makes the device nodes; a user namespace cannot.
        '--skip=output/dev',
        ...(await aptNetworkOptions()).map((option) => `--aptopt=${option}`),
        `--include=${(await packageNames()).join(',')}`,
        // Before the packages: their maintainer scripts read some of these files.
        `--essential-hook=tar-in ${quoted(files)} /`,
        `--customize-hook=${quoted(join(recipeDirectory, 'customize.sh'))} "$1"`,
        'bookworm',
        archive,
        sources,
      ],
      {
        stdio: ['ignore', output, output],
        // What a killed build leaves goes with its directory. The users of a namespace may not get into that one.
        env: { ...process.env, ...(isRoot && { TMPDIR: directory }) },
      },
    );
  } catch (error) {
    process.stderr.write(`${(await readFile(log, 'utf8')).split('\n').slice(-40).join('\n')}\n`);
    throw error;
  } finally {
    output.close();
  }
}

async function packageNames() {
  const list = await readFile(join(recipeDirectory, 'packages.txt'), 'utf8');
  return list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** @param {string} path as one word of a hook, which mmdebstrap splits or gives to a shell */
const quoted = (path) => `'${path.replaceAll("'", String.raw`'\''`)}'`;
