import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './vmctl-home.js';

/** Development dependencies of examples; they come from this repository, where they are not published yet. */
const PROVIDED: Readonly<Record<string, string>> = {
  '@vmctl/core': 'packages/core',
  '@vmctl/conformance': 'packages/conformance',
  '@types/node': 'node_modules/@types/node',
  typescript: 'node_modules/typescript',
};

/** How npm reaches its registry here: what an empty home lacks. */
export function npmSettings(): Readonly<Record<string, string>> {
  const wanted = /^(npm_config_registry|(https?|no)_proxy|node_extra_ca_certs)$/i;
  const settings = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    wanted.test(name) && value !== undefined ? [[name, value]] : [],
  );
  const userConfig = process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc');
  return { ...Object.fromEntries(settings), npm_config_userconfig: userConfig };
}

const BUILT = ['node_modules', 'dist'];
/** A registry may be slow. */
const COMMAND_MS = 240_000;

/** A project of `examples/`, in a directory of its own, as its author would have it after `npm install`. */
export class ExampleProject {
  readonly name: string;
  readonly directory: string;

  private constructor(name: string, directory: string) {
    this.name = name;
    this.directory = directory;
  }

  /** Copies `examples/<folder>`; its dependencies come from the registry that npm is configured with. */
  static async create(folder: string): Promise<ExampleProject> {
    const directory = await mkdtemp(join(tmpdir(), 'vmctl-example-'));
    try {
      await cp(join(repositoryRoot, 'examples', folder), directory, {
        recursive: true,
        filter: (path) => !BUILT.includes(basename(path)),
      });
      const path = join(directory, 'package.json');
      // Ours, not somebody else's: read as what it is.
      const manifest = JSON.parse(await readFile(path, 'utf8')) as {
        name: string;
        dependencies?: object;
        devDependencies?: Readonly<Record<string, string>>;
      };
      const unknown = Object.keys(manifest.devDependencies ?? {}).filter((each) => !(each in PROVIDED));
      if (unknown.length > 0) throw new Error(`${folder} needs ${unknown.join(', ')}: provide it here`);
      const project = new ExampleProject(manifest.name, directory);
      if (manifest.dependencies !== undefined) {
        // npm would look for all of the development dependencies as well, even for those that it leaves out.
        await writeFile(path, JSON.stringify({ ...manifest, devDependencies: {} }));
        await project.npm('install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund');
        await writeFile(path, JSON.stringify(manifest, null, 2));
      }
      await project.#provide(Object.keys(manifest.devDependencies ?? {}));
      return project;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs an npm command in it; what it printed. */
  async npm(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('npm', args, {
      cwd: this.directory,
      // The tests of the example are run by node:test, which must not take itself for a part of another run.
      env: { ...process.env, NODE_ENV: undefined, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
      timeout: COMMAND_MS,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  }

  /** Packs it as `npm publish` would; the path of the tarball. */
  async pack(): Promise<string> {
    const printed = await this.npm('pack', '--json');
    // `prepack` may print before the report.
    const [packed] = JSON.parse(printed.slice(printed.search(/^\[$/m))) as readonly { filename: string }[];
    if (packed === undefined) throw new Error(`npm pack made nothing:\n${printed}`);
    return join(this.directory, packed.filename);
  }

  /** What is in a tarball of it. */
  async filesOf(tarball: string): Promise<readonly string[]> {
    const { stdout } = await promisify(execFile)('tar', ['-tzf', tarball]);
    return stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  async #provide(names: readonly string[]): Promise<void> {
    const modules = join(this.directory, 'node_modules');
    for (const name of names) {
      const target = PROVIDED[name];
      if (target === undefined) continue;
      await mkdir(join(modules, name, '..'), { recursive: true });
      await symlink(join(repositoryRoot, target), join(modules, name));
    }
    await mkdir(join(modules, '.bin'), { recursive: true });
    if (names.includes('typescript')) {
      await symlink(join(repositoryRoot, 'node_modules/.bin/tsc'), join(modules, '.bin/tsc'));
    }
  }
}
