import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigFile } from '../config/config-file.js';
import { Configuration } from '../config/configuration.js';
import { ConfigProblems } from '../config/problem.js';
import { readConfigFile } from '../config/read-file.js';
import { VmctlError } from '../errors/vmctl-error.js';
import { createLogger } from '../host/logger.js';
import { createProcessTable } from '../host/process-table.js';
import type { Hypervisor } from '../hypervisor/contract.js';
import type { ImageSource } from '../images/contract.js';
import { BackendConfiguration } from '../operations/backend-configuration.js';
import { createPluginHost } from '../operations/plugin-host.js';
import { PLUGIN_API_VERSION, type PluginHost, type VmctlPlugin } from '../plugins/contract.js';
import { createHooks } from '../plugins/hooks.js';
import { activating, attributeTapErrors } from '../plugins/tap-errors.js';
import type { Provisioner } from '../provisioner/contract.js';
import type { VmNode } from '../vmfile/vm-node.js';
import { FakeExec } from './fake-exec.js';

/** What a fake host is like. */
export interface FakeHostOptions {
  /**
   * Where `host.paths` are, absolute. A test whose plugin writes there gives a temporary directory of its own; nothing
   * is made or removed here. Default: a path that does not exist.
   */
  readonly directory?: string | undefined;
  /** Default: empty. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default `linux`. */
  readonly platform?: NodeJS.Platform | undefined;
  /**
   * What the configuration says of backends, by their names, for `host.backendSettings`. Relative paths in it start at
   * `directory`. Default: nothing.
   */
  readonly backends?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/**
 * A {@link PluginHost} for tests, to `apply` a plugin to and to ask for what it brings. Hooks, errors, ports, files and
 * processes are the real ones; host commands are scripted and recorded ({@link FakeHost.commands}).
 */
export interface FakeHost extends PluginHost {
  /** What stands behind `host.exec`. */
  readonly commands: FakeExec;
  /**
   * Applies a plugin as vmctl does: errors of its taps are wrapped the same way (VMCTL_PLUGIN_FAILED).
   *
   * @throws FAKE_PLUGIN_API for another `apiVersion`; what `apply` throws is passed on
   */
  apply(plugin: VmctlPlugin): Promise<void>;
  /** The backend that an applied plugin brings. @throws FAKE_NOT_TAPPED when none does */
  hypervisor(name: string): Promise<Hypervisor>;
  /** The provisioner that an applied plugin brings. @throws FAKE_NOT_TAPPED when none does */
  provisioner(type: string): Promise<Provisioner>;
  /** The image source that an applied plugin brings. @throws FAKE_NOT_TAPPED when none does */
  imageSource(scheme: string): Promise<ImageSource>;
  /** What an applied plugin brings for the VM nodes of that name. @throws FAKE_NOT_TAPPED when none does */
  vmNode(name: string): Promise<VmNode>;
}

/** Makes a host for one test. */
export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const {
    directory = join(tmpdir(), 'vmctl-fake-host-does-not-exist'),
    env = {},
    platform = 'linux',
    backends = {},
  } = options;
  const hooks = createHooks();
  attributeTapErrors(hooks);
  const log = createLogger('vmctl:plugin');
  const commands = new FakeExec();
  const host = createPluginHost({
    hooks,
    log,
    paths: { dataDir: join(directory, 'data'), cacheDir: join(directory, 'cache'), homeDir: directory },
    platform,
    env,
    exec: commands.exec,
    processes: createProcessTable(),
    settings: new BackendConfiguration({
      configuration: configurationOf(backends, directory),
      env,
      homeDir: directory,
      cwd: directory,
    }),
  });
  return Object.freeze<FakeHost>({
    ...host,
    commands,
    apply: async (plugin) => {
      if (plugin.apiVersion !== PLUGIN_API_VERSION) {
        throw new VmctlError('FAKE_PLUGIN_API', {
          message: `The plugin ${plugin.name} says apiVersion ${plugin.apiVersion}; this is API ${PLUGIN_API_VERSION}.`,
        });
      }
      await activating.run(plugin.name, async () => plugin.apply(host));
    },
    hypervisor: async (name) =>
      tapped(await hooks.hypervisor.for(name).promise({ name }), `hypervisor "${name}"`),
    provisioner: async (type) =>
      tapped(await hooks.provisioner.for(type).promise({ type }), `provisioner "${type}"`),
    imageSource: async (scheme) =>
      tapped(
        await hooks.imageSource.for(scheme).promise({ log: log.child(scheme) }),
        `image source "${scheme}"`,
      ),
    vmNode: async (name) => tapped(await hooks.vmNode.for(name).promise({ name }), `VM node "${name}"`),
  });
}

/** The configuration of a project whose file says nothing but this. */
function configurationOf(
  backends: NonNullable<FakeHostOptions['backends']>,
  directory: string,
): Configuration {
  const file: ConfigFile = {
    scope: 'project',
    path: join(directory, 'vmctl.config.json'),
    value: { backends },
  };
  const problems = new ConfigProblems();
  const layers = [readConfigFile(file, { homeDir: directory }, problems)];
  return new Configuration({
    layers,
    files: { project: [file.path], user: [], foreign: [] },
    problems: problems.all,
  });
}

/** tapable says T, and gives undefined when no tap answered. */
function tapped<T>(product: T | undefined, what: string): T {
  if (product === undefined) {
    throw new VmctlError('FAKE_NOT_TAPPED', { message: `No plugin that was applied brings the ${what}.` });
  }
  return product;
}
