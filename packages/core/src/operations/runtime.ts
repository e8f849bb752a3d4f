import { join, resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { VmctlError } from '../errors/vmctl-error.js';
import { EventStream } from '../events/event-stream.js';
import { createExec, type Exec } from '../host/exec.js';
import { expandHome, homeDirectory } from '../host/home-directory.js';
import { createLogger, type Logger } from '../host/logger.js';
import type { ProcessTable } from '../host/process-contract.js';
import { createProcessTable } from '../host/process-table.js';
import type { BackendPlugin, Hypervisor, HypervisorContext } from '../hypervisor/contract.js';
import { RouterHypervisor } from '../hypervisor/router.js';
import type { ImageStore } from '../images/image-store.js';
import type { RejectedPlugin } from '../plugins/catalog.js';
import { isOfProject, type PluginPackage } from '../plugins/manifest.js';
import type { PluginSystem } from '../plugins/plugin-system.js';
import type { ProcessGuard } from '../plugins/process-guard.js';
import { DataDir, resolveDataDir } from '../state/data-dir.js';
import { EventJournal } from '../state/event-journal.js';
import { VmRegistry } from '../state/vm-registry.js';
import { BackendConfiguration } from './backend-configuration.js';

/** Given an error that nobody waited for; `plugin` is undefined when it comes from elsewhere. */
export type StrayErrorListener = (error: Error, plugin: string | undefined) => void;

/** What a program that uses vmctl as a library may set; every field has the CLI's default. */
export interface RuntimeOptions {
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly homeDir?: string | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  /** Where relative paths start and where the VMFile is looked for. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** Installed plugins; the CLI passes oclif's. Default none. */
  readonly plugins?: readonly PluginPackage[] | undefined;
  /** Plugins that are registered and cannot be read, so that errors and `doctor` name them. Default none. */
  readonly brokenPlugins?: readonly RejectedPlugin[] | undefined;
  /**
   * Keeps plugins from ending the process, writing to stdout and changing globals, and is given the errors that
   * they leave to nobody: the process should end then. Default: the process is the program's own, and left alone.
   */
  readonly onStrayError?: StrayErrorListener | undefined;
  /** Backend for VMs whose VMFile names none. */
  readonly backend?: string | undefined;
  /** From `loadConfiguration`. Default none: a program reads no files and no `VMCTL_*` variables unasked. */
  readonly configuration?: Configuration | undefined;
}

/** Everything that operations share, each made when it is first needed. */
export class Runtime {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  readonly #cwd: string | undefined;
  readonly configuration: Configuration | undefined;
  readonly events: EventStream;
  readonly log: Logger;
  readonly processes: ProcessTable = createProcessTable();
  readonly exec: Exec;
  readonly dataDir: DataDir;
  readonly registry: VmRegistry;
  readonly router: RouterHypervisor;
  /** What backends say that they can be told. */
  readonly backendConfiguration: BackendConfiguration;
  readonly #options: RuntimeOptions;
  readonly #packages: readonly PluginPackage[];
  /** Runtimes with the plugin of a VM whose VMFile brought it, by the plugin's directory. */
  readonly #ofBackendPlugins = new Map<string, Promise<Runtime>>();
  readonly #brokenPlugins: readonly RejectedPlugin[];
  readonly #onStrayError: StrayErrorListener | undefined;
  #guard: ProcessGuard | undefined;
  #plugins: Promise<PluginSystem> | undefined;
  #images: Promise<ImageStore> | undefined;

  /** @param events - where events go; for {@link withPlugins} */
  constructor(options: RuntimeOptions = {}, events?: EventStream) {
    this.#options = options;
    this.events = events ?? new EventStream();
    this.env = options.env ?? process.env;
    this.homeDir = options.homeDir ?? homeDirectory();
    this.platform = options.platform ?? process.platform;
    this.#cwd = options.cwd;
    this.log = createLogger('vmctl');
    this.exec = createExec({ env: this.env });
    this.configuration = options.configuration;
    this.dataDir = new DataDir(
      this.configuration?.value('dataDir') ?? resolveDataDir(this.env, this.homeDir),
    );
    // Who gives a stream has one that is written down already.
    if (events === undefined) this.#keepJournal();
    this.registry = new VmRegistry(this.dataDir, { processes: this.processes, events: this.events });
    const { configuration, env, homeDir } = this;
    this.backendConfiguration = new BackendConfiguration({ configuration, env, homeDir, cwd: options.cwd });
    this.#packages = options.plugins ?? [];
    this.#brokenPlugins = options.brokenPlugins ?? [];
    this.#onStrayError = options.onStrayError;
    this.router = new RouterHypervisor({
      load: (name, plugin) => this.#loadBackend(name, plugin),
      flag: options.backend,
      configured: this.configuration?.value('backend'),
      platform: this.platform,
    });
  }

  /** Plugins that are installed, and those of the project that this is the runtime of. */
  get packages(): readonly PluginPackage[] {
    return this.#packages;
  }

  /**
   * The same with these packages, which go before installed ones of the same name. Events go to the same stream; hooks
   * and backends are its own, so that two projects can have two versions of a plugin in one process.
   */
  withPlugins(packages: readonly PluginPackage[]): Runtime {
    if (packages.length === 0) return this;
    const names = new Set(packages.map(({ name }) => name));
    const others = this.#packages.filter(({ name }) => !names.has(name));
    const broken = this.#options.brokenPlugins?.filter((each) => !names.has(each.package.name));
    const options = { ...this.#options, plugins: [...others, ...packages], brokenPlugins: broken };
    return new Runtime(options, this.events);
  }

  /** Looked at when it is needed: it may have been removed. */
  get cwd(): string {
    if (this.#cwd !== undefined) return this.#cwd;
    try {
      return process.cwd();
    } catch (cause) {
      throw new VmctlError('VMCTL_FILE_NOT_FOUND', {
        message: 'The working directory does not exist any more.',
        hint: 'Change to another one: cd',
        cause,
      });
    }
  }

  /** `$VMCTL_CACHE_DIR`, or `$XDG_CACHE_HOME/vmctl`. */
  get cacheDir(): string {
    const own = this.env['VMCTL_CACHE_DIR'];
    if (own !== undefined && own !== '') return resolve(expandHome(own, this.homeDir));
    const base = this.env['XDG_CACHE_HOME'];
    return join(base?.startsWith('/') ? base : join(this.homeDir, '.cache'), 'vmctl');
  }

  plugins(): Promise<PluginSystem> {
    this.#plugins ??= this.#createPlugins();
    return this.#plugins;
  }

  images(): Promise<ImageStore> {
    this.#images ??= this.#createImages();
    return this.#images;
  }

  /** Hands the errors that plugins leave to nobody to `listener`, until the function that comes back is called. */
  divertStrayErrors(listener: StrayErrorListener): () => void {
    return this.#guard?.divertStrayErrors(listener) ?? (() => undefined);
  }

  /** What calls of a backend are given. */
  hypervisorContext(signal: AbortSignal): HypervisorContext {
    return { signal, log: this.log.child('hypervisor'), events: this.events };
  }

  /** A backend that a VMFile brought comes from this runtime when it is that of the project, else from where it was. */
  async #loadBackend(name: string, plugin: BackendPlugin | undefined): Promise<Hypervisor> {
    const isHere =
      plugin === undefined || this.#packages.some((pkg) => isOfProject(pkg) && pkg.name === plugin.name);
    if (isHere) return (await this.plugins()).backend(name);
    let runtime = this.#ofBackendPlugins.get(plugin.path);
    if (runtime === undefined) {
      runtime = this.#withBackendPlugin(name, plugin);
      this.#ofBackendPlugins.set(plugin.path, runtime);
    }
    return (await (await runtime).plugins()).backend(name);
  }

  /** A runtime with the plugin that a VMFile brought for a VM's backend. */
  async #withBackendPlugin(backend: string, plugin: BackendPlugin): Promise<Runtime> {
    const { backendPackage } = await import('./backend-plugin.js');
    const pkg = await backendPackage(backend, plugin, () => this.plugins());
    return pkg === undefined ? this : this.withPlugins([pkg]);
  }

  async #createPlugins(): Promise<PluginSystem> {
    const [{ PluginSystem }, { createHooks }, { attributeTapErrors }, { createPluginHost }, { tapBuiltIns }] =
      await Promise.all([
        import('../plugins/plugin-system.js'),
        import('../plugins/hooks.js'),
        import('../plugins/tap-errors.js'),
        import('./plugin-host.js'),
        import('./built-ins.js'),
      ]);
    await this.#guardProcess();
    const hooks = createHooks();
    attributeTapErrors(hooks);
    const builtIn = tapBuiltIns(hooks, {
      sshAddress: this.env['VMCTL_NOOP_SSH'],
      env: this.env,
      homeDir: this.homeDir,
    });
    const host = createPluginHost({
      hooks,
      log: this.log.child('plugin'),
      paths: { dataDir: this.dataDir.path, cacheDir: this.cacheDir, homeDir: this.homeDir },
      platform: this.platform,
      env: this.env,
      exec: this.exec,
      processes: this.processes,
      settings: this.backendConfiguration,
    });
    return new PluginSystem({ packages: this.#packages, broken: this.#brokenPlugins, host, builtIn });
  }

  #keepJournal(): void {
    const { dataDir, processes } = this;
    const journal = new EventJournal({ dataDir, processes, log: this.log.child('journal') });
    this.events.subscribe(journal.handle, undefined, () => journal.settled());
  }

  async #guardProcess(): Promise<void> {
    if (this.#onStrayError === undefined || this.#packages.length === 0) return;
    const { ProcessGuard } = await import('../plugins/process-guard.js');
    this.#guard = ProcessGuard.guard({
      roots: this.#packages,
      onStrayError: this.#onStrayError,
      onChangedGlobals: (plugin, what) =>
        this.events.emit({
          type: 'warning',
          vm: undefined,
          code: 'VMCTL_PLUGIN_GLOBALS',
          message: `The plugin ${plugin} changed ${what.join(', ')}, which vmctl and other plugins rely on; it was put back.`,
          hint: 'This is a fault of the plugin. Tell its authors.',
        }),
    });
  }

  async #createImages(): Promise<ImageStore> {
    const [{ ImageStore }, { acquireLock }, plugins] = await Promise.all([
      import('../images/image-store.js'),
      import('../host/lock.js'),
      this.plugins(),
    ]);
    return new ImageStore({
      imagesDir: this.dataDir.images,
      claimsDir: this.dataDir.imageClaims,
      disks: plugins.host.disks,
      sources: (scheme) => plugins.imageSource(scheme),
      mirrors: this.configuration?.mirrors.map(({ value }) => value),
      withLock: async (name, signal, work, { purpose = 'fetching an image', wait = true, onWait } = {}) => {
        const lock = await acquireLock({
          directory: this.dataDir.locks,
          name,
          subject: 'image',
          purpose,
          processes: this.processes,
          wait,
          signal,
          onWait,
        });
        try {
          return await work();
        } finally {
          await lock.release();
        }
      },
      log: this.log.child('images'),
    });
  }
}
