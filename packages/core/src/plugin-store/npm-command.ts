import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import { npmFailure } from './npm-failure.js';
import { npmPatience } from './npm-retries.js';

/** How npm is run. */
export interface NpmOptions {
  /** The project directory that npm works on; it reads an `.npmrc` there, besides the user's and the global one. */
  readonly cwd: string;
  readonly exec: Exec;
  /** The environment of vmctl; `VMCTL_NPM_REGISTRY` in it goes before every other setting of the registry. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An abort ends npm and what it started. */
  readonly signal: AbortSignal;
}

/** Slow lines and large trees; npm has shorter limits of its own for each request. */
const TIMEOUT_MS = 60 * 60 * 1000;

/**
 * Settings that must not come from elsewhere: a user's `global=true` would change another directory, and everything
 * that npm says beside its result would end up in somebody's output.
 */
const FIXED_ARGS = [
  '--json',
  '--loglevel=error',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--no-update-notifier',
  '--no-global',
  '--location=project',
  '--no-dry-run',
  '--no-workspaces',
];

/**
 * Runs npm, with `--json`: its output is JSON where the command knows JSON. Everything else (registries, proxy,
 * authentication, cache) is as the user's npm settings have it; only the wait between tries is shorter, unless they say one.
 *
 * @param args - the npm command and its arguments: `['view', 'NAME', 'version']`
 * @throws VMCTL_PLUGIN_NPM_MISSING when there is no npm
 * @throws VMCTL_PLUGIN_NOT_FOUND, VMCTL_PLUGIN_ACCESS_DENIED, VMCTL_PLUGIN_REGISTRY_UNREACHABLE,
 *   VMCTL_PLUGIN_INTEGRITY, VMCTL_DISK_FULL, VMCTL_NOT_WRITABLE by what npm says, VMCTL_PLUGIN_NPM_FAILED for the rest
 */
export async function runNpm(args: readonly string[], options: NpmOptions): Promise<{ stdout: string }> {
  const { exec, env, signal } = options;
  // Where npm is told of a link to a directory, packages in it are outside of it.
  const cwd = await realpath(options.cwd).catch(() => options.cwd);
  const [file, ...before] = await npmProgram();
  const registry = env['VMCTL_NPM_REGISTRY'];
  const patience = await npmPatience(env);
  let result;
  try {
    result = await exec(
      file,
      [
        ...before,
        ...args,
        ...FIXED_ARGS,
        `--prefix=${cwd}`,
        ...(registry === undefined || registry === '' ? [] : [`--registry=${registry}`]),
      ],
      {
        cwd,
        // git must not ask for a password on a terminal that npm does not have.
        env: { GIT_TERMINAL_PROMPT: env['GIT_TERMINAL_PROMPT'] ?? '0', ...patience },
        signal,
        timeoutMs: TIMEOUT_MS,
        allowFailure: true,
      },
    );
  } catch (error) {
    if (hasCode(error, 'VMCTL_HOST_COMMAND_MISSING')) throw npmMissing(error);
    throw error;
  }
  if (result.exitCode === 0) return { stdout: result.stdout };
  throw npmFailure({ ...result, cwd });
}

/** npm as a command line: the one that @oclif/plugin-plugins brings, run by this Node.js, or the one in PATH. */
async function npmProgram(): Promise<readonly [file: string, ...args: string[]]> {
  try {
    const pluginPlugins = createRequire(import.meta.url).resolve('@oclif/plugin-plugins');
    const manifest = createRequire(pluginPlugins).resolve('npm/package.json');
    const { bin }: { bin: { npm: string } } = JSON.parse(await readFile(manifest, 'utf8'));
    return [process.execPath, join(dirname(manifest), bin.npm)];
  } catch {
    return ['npm'];
  }
}

function npmMissing(cause: unknown): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_NPM_MISSING', {
    message:
      'Plugins are installed with npm, and there is none: neither in the installation of vmctl nor in PATH.',
    hint: 'Install vmctl again (npm install -g @vmctl/core), or put an npm into PATH.',
    cause,
  });
}
