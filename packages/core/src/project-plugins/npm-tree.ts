import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isVmctlError, VmctlError, type VmctlErrorShape } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import { runNpm } from '../plugin-store/npm-command.js';
import { leavesPeersAlone, npmFilesOf, readNpmLock } from './npm-lock.js';
import type { PluginPin } from './pin.js';

/**
 * Settings that decide what a tree looks like: they are the same everywhere, whatever the user's npm settings say.
 * Scripts of packages are not run, because what they make no lock file can pin.
 */
const TREE_ARGS = [
  '--ignore-scripts',
  '--omit-lockfile-registry-resolved',
  '--lockfile-version=3',
  '--package-lock',
  '--install-strategy=hoisted',
  '--include=prod',
  '--include=optional',
  '--include=peer',
  '--omit=dev',
];
const WITH_PEERS = '--no-legacy-peer-deps';
const WITHOUT_PEERS = '--legacy-peer-deps';

/** How trees are made with npm. */
export interface NpmTrees {
  /** Chooses the newest version that fits, with all that it depends on. `directory` is empty, and for npm alone. */
  resolve(wanted: WantedPackage, directory: string, signal: AbortSignal): Promise<PluginPin>;
  /** Installs exactly what the pin says into the empty `directory`. */
  install(pin: PluginPin, directory: string, signal: AbortSignal): Promise<void>;
}

/** A package that shall be pinned. */
export interface WantedPackage {
  readonly name: string;
  /** As the VMFile has it; it goes into the pin. */
  readonly range: string;
  /** The one version that is wanted, when there is one within the range. */
  readonly version?: string | undefined;
}

/** npm with the user's settings for registries, proxies and authentication. */
export function createNpmTrees(options: {
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
}): NpmTrees {
  const npm = async (args: readonly string[], cwd: string, signal: AbortSignal): Promise<void> => {
    try {
      await runNpm([...args, ...TREE_ARGS], { ...options, cwd, signal });
    } catch (error) {
      const isUnreachable = isVmctlError(error) && error.code === 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE';
      throw isUnreachable ? unreachable(error) : error;
    }
  };

  return {
    async resolve(wanted, directory, signal) {
      const manifest = {
        name: 'vmctl-project-plugin',
        private: true,
        dependencies: { [wanted.name]: wanted.version ?? wanted.range },
      };
      for (const peers of [WITH_PEERS, WITHOUT_PEERS]) {
        await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
        await npm(['install', '--package-lock-only', '--save', peers], directory, signal);
        const lock = await readFile(join(directory, 'package-lock.json'), 'utf8');
        const resolution = readNpmLock(lock, wanted);
        if (resolution.kind === 'pinned') return resolution.pin;
        await writeFile(join(directory, 'package-lock.json'), '{"lockfileVersion":3}');
      }
      throw new VmctlError('VMCTL_INTERNAL', {
        message: `npm brings @vmctl/core as a peer of ${wanted.name}, though it was told to leave peers alone.`,
      });
    },

    async install(pin, directory, signal) {
      const { manifest, lock } = npmFilesOf(pin);
      await writeFile(join(directory, 'package.json'), manifest);
      await writeFile(join(directory, 'package-lock.json'), lock);
      await npm(['ci', leavesPeersAlone(pin) ? WITHOUT_PEERS : WITH_PEERS], directory, signal);
    },
  };
}

/** What npm's failure hints at otherwise, a tarball, is nothing that a VMFile can require. */
function unreachable(cause: Error & VmctlErrorShape): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_REGISTRY_UNREACHABLE', {
    message: cause.message,
    hint:
      'Check the network, and which registry and proxy npm uses: npm config get registry proxy https-proxy. ' +
      'Plugins that are installed and pinned need no network.',
    cause,
    details: cause.details,
  });
}
