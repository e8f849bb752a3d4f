import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.js';
import type { ConfigLookup } from '../../src/config/find-config.js';
import { inspectConfiguration, loadConfiguration } from '../../src/config/load-configuration.js';
import type { VmctlError } from '../../src/errors/vmctl-error.js';
import { useTemporaryDirectory } from './temporary-directory.js';

type Environment = Readonly<Record<string, string>>;

/** A project in a directory of its own, and a home beside it. */
export function useConfigHome() {
  const directory = useTemporaryDirectory();
  const at = {
    get root(): string {
      return directory.path;
    },
    /** The working directory. */
    get project(): string {
      return join(directory.path, 'work', 'project');
    },
    /** The user's directory. */
    get user(): string {
      return join(directory.path, 'home', '.config', 'vmctl');
    },
    /** Writes files; paths are relative to the root. */
    async write(files: Readonly<Record<string, string>>): Promise<void> {
      await mkdir(at.project, { recursive: true });
      for (const [path, content] of Object.entries(files)) {
        const absolute = join(directory.path, path);
        await mkdir(dirname(absolute), { recursive: true });
        await writeFile(absolute, content);
      }
    },
    lookup(env: Environment = {}, cwd?: string): ConfigLookup {
      return { cwd: cwd ?? at.project, homeDir: join(directory.path, 'home'), env };
    },
    load(env: Environment = {}, cwd?: string): Promise<Configuration | undefined> {
      return loadConfiguration(at.lookup(env, cwd));
    },
    inspect(env: Environment = {}): Promise<Configuration | undefined> {
      return inspectConfiguration(at.lookup(env));
    },
    /** The error of a configuration that is wrong. */
    async failure(env: Environment = {}): Promise<VmctlError> {
      const thrown: unknown = await at.load(env).then(
        () => new Error('nothing was wrong'),
        (error: unknown) => error,
      );
      return thrown as VmctlError; // the matchers of each test look at its code and its message
    },
  };
  return at;
}
