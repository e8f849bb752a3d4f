import type { AsyncSeriesBailHook, HookMap } from 'tapable';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import { isJsonObject } from '../host/json-object.js';
import type { Hypervisor } from '../hypervisor/contract.js';
import { packageOfBackend } from '../hypervisor/platforms.js';
import type { ImageSource } from '../images/contract.js';
import type { Provisioner } from '../provisioner/contract.js';
import type { VmNode } from '../vmfile/vm-node.js';
import { PluginActivator } from './activation.js';
import {
  type Conflict,
  contributed,
  type ContributionKind,
  type KnownPlugin,
  PluginCatalog,
  type RejectedPlugin,
} from './catalog.js';
import type { PluginHost } from './contract.js';
import type { PluginPackage } from './manifest.js';
import { pluginProduct } from './plugin-product.js';
import {
  BACKEND,
  IMAGE_SOURCE,
  mustBeNamed,
  notBrought,
  PROVISIONER,
  VM_NODE,
  type Wording,
} from './product-kind.js';
import { orderTaps } from './tap-order.js';

/** The package that brings the provisioner types everybody knows. */
export const PROVISIONERS_PACKAGE = '@vmctl/plugin-provisioners';
/** The types that it brings. */
export const KNOWN_PROVISIONERS: readonly string[] = ['shell', 'file'];

/** Finds what plugins contribute, and loads a plugin when something of it is used. */
export class PluginSystem {
  readonly catalog: PluginCatalog;
  readonly host: PluginHost;
  readonly #activator: PluginActivator;
  /** Names that core has itself; they are tapped from the start. */
  readonly #builtIn: Readonly<Record<ContributionKind, readonly string[]>>;
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(options: {
    readonly packages: readonly PluginPackage[];
    /** Registered packages that cannot be read. */
    readonly broken?: readonly RejectedPlugin[];
    readonly host: PluginHost;
    readonly builtIn: Readonly<Record<ContributionKind, readonly string[]>>;
  }) {
    this.catalog = new PluginCatalog(options.packages, options.broken);
    this.host = options.host;
    orderTaps(
      options.host.hooks.up,
      this.catalog.plugins.map((plugin) => plugin.package.name),
    );
    this.#builtIn = options.builtIn;
    this.#activator = new PluginActivator({ host: options.host, log: options.host.log.child('plugins') });
  }

  /** Every installed name of that kind, core's own included. */
  installed(kind: ContributionKind): readonly string[] {
    return [...this.#builtIn[kind], ...this.catalog.names(kind)];
  }

  /**
   * The backend of that name.
   *
   * @throws VMCTL_BACKEND_NOT_INSTALLED with the `vmctl plugins install` line that brings it
   * @throws VMCTL_PLUGIN_CONFLICT when two plugins claim the name
   */
  backend(name: string): Promise<Hypervisor> {
    return this.#get(BACKEND, name, this.host.hooks.hypervisor, { name });
  }

  /** The provisioner of that type. Throws like {@link backend}, with VMCTL_PROVISIONER_UNKNOWN. */
  provisioner(type: string): Promise<Provisioner> {
    return this.#get(PROVISIONER, type, this.host.hooks.provisioner, { type });
  }

  /** The image source for that URL scheme. Throws like {@link backend}, with VMCTL_IMAGE_SCHEME_UNKNOWN. */
  imageSource(scheme: string): Promise<ImageSource> {
    return this.#get(IMAGE_SOURCE, scheme, this.host.hooks.imageSource, { log: this.host.log.child(scheme) });
  }

  /** What reads the VM nodes of that name. Throws like {@link backend}, with VMCTL_VM_NODE_UNKNOWN. */
  vmNode(name: string): Promise<VmNode> {
    return this.#get(VM_NODE, name, this.host.hooks.vmNode, { name });
  }

  /** Names that more than one plugin, or a plugin and core, bring. */
  get conflicts(): readonly Conflict[] {
    return this.catalog.conflicts(this.#builtIn);
  }

  /** Whether there are plugins of which nobody knows what they bring. */
  get hasUnreadable(): boolean {
    return this.#unreadable.length > 0;
  }

  /** Whether some plugin says that it brings it, be it one that cannot be used. */
  claims(kind: ContributionKind, key: string): boolean {
    return (
      this.installed(kind).includes(key) ||
      this.catalog.rejected.some((rejected) => brought(rejected, kind, key))
    );
  }

  /**
   * Lets every plugin that taps stages of every `up` do so. Gives the errors of those that cannot: nothing in a
   * VMFile asks for them, so they do not stand in the way of what it does ask for.
   */
  async activatePipeline(): Promise<readonly Error[]> {
    const errors: Error[] = this.catalog.rejected
      .filter(({ package: pkg }) => contributesOf(pkg.vmctl)?.['up'] === true)
      .map(({ problem }) => new VmctlError(problem.code, problem));
    // One after the other: what they do to the process is then known to be theirs.
    for (const plugin of this.catalog.pipelinePlugins) {
      await this.#activator.activate(plugin).catch((error: unknown) => errors.push(asError(error)));
    }
    return errors;
  }

  /**
   * Tries to load one plugin, and looks whether it taps what it says that it brings; for `doctor`.
   *
   * @throws like the activation, and VMCTL_PLUGIN_INVALID when nothing taps the hook of a name
   */
  async tryActivate(plugin: KnownPlugin): Promise<void> {
    await this.#activator.activate(plugin);
    const { hypervisor, provisioner, imageSource, vmNode } = this.host.hooks;
    for (const [wording, hooks] of [
      [BACKEND, hypervisor],
      [PROVISIONER, provisioner],
      [IMAGE_SOURCE, imageSource],
      [VM_NODE, vmNode],
    ] as const) {
      for (const key of contributed(plugin, wording.kind)) {
        if (hooks.get(key)?.isUsed() !== true) throw notBrought(plugin.package.name, wording, key);
      }
    }
  }

  #get<C, T>(
    wording: Wording,
    key: string,
    hooks: HookMap<AsyncSeriesBailHook<[C], T>>,
    context: C,
  ): Promise<T> {
    const id = `${wording.kind}:${key}`;
    const known = this.#made.get(id);
    // The map is keyed by kind, and each kind has one type of product.
    if (known !== undefined) return known as Promise<T>;
    const making = this.#make(wording, key, hooks, context);
    this.#made.set(id, making);
    return making;
  }

  async #make<C, T>(
    wording: Wording,
    key: string,
    hooks: HookMap<AsyncSeriesBailHook<[C], T>>,
    context: C,
  ): Promise<T> {
    if (this.#builtIn[wording.kind].includes(key)) return hooks.for(key).promise(context);
    const plugin = this.#provider(wording, key);
    const { name } = plugin.package;
    await this.#activator.activate(plugin);
    // A factory may give anything, or nothing when no tap answers.
    const made: unknown = await hooks.for(key).promise(context);
    if (typeof made !== 'object' || made === null) {
      throw notBrought(name, wording, key);
    }
    mustBeNamed(made, name, wording, key);
    // What it gives is a T as far as its types are true; what is missing fails when it is called, as the plugin's.
    return pluginProduct(made as T & object, name, `the ${wording.noun} "${key}"`);
  }

  #provider(wording: Wording, key: string): KnownPlugin {
    const [plugin, ...others] = this.catalog.providers(wording.kind, key);
    if (plugin === undefined) throw this.#missing(wording, key);
    if (others.length > 0) {
      const names = [plugin, ...others].map((each) => each.package.name);
      throw new VmctlError('VMCTL_PLUGIN_CONFLICT', {
        message: `Two plugins bring the ${wording.noun} "${key}": ${names.join(' and ')}.`,
        hint: `Keep one of them, for example: vmctl plugins uninstall ${names.at(-1)}`,
        details: { plugins: names },
      });
    }
    return plugin;
  }

  #missing(wording: Wording, key: string): VmctlError {
    const rejected = this.catalog.rejected.find((each) => brought(each, wording.kind, key));
    if (rejected !== undefined) {
      return new VmctlError(rejected.problem.code, rejected.problem);
    }
    const installed = this.installed(wording.kind);
    const known = knownPackage(wording.kind, key);
    return new VmctlError(wording.code, {
      message:
        `No installed plugin brings the ${wording.noun} "${key}".` +
        (installed.length > 0 ? ` Installed: ${installed.join(', ')}.` : '') +
        (this.hasUnreadable
          ? ` These cannot be read, and may bring it (\`vmctl doctor\` says more): ${this.#unreadable.join(', ')}.`
          : ''),
      hint:
        known === undefined
          ? `Install the plugin that brings it: vmctl plugins install PACKAGE`
          : `vmctl plugins install ${known}`,
      details: { [wording.noun]: key, installed },
    });
  }

  get #unreadable(): readonly string[] {
    return this.catalog.rejected
      .filter(({ problem }) => problem.code === 'VMCTL_PLUGIN_UNREADABLE')
      .map(({ package: pkg }) => pkg.name);
  }
}

/** The package that is known to bring it, for hints. */
export function knownPackage(kind: ContributionKind, key: string): string | undefined {
  if (kind === 'hypervisors') return packageOfBackend(key);
  if (kind === 'provisioners' && KNOWN_PROVISIONERS.includes(key)) return PROVISIONERS_PACKAGE;
  return undefined;
}

/** Whether a plugin that cannot be used would have brought it, as far as can be told. */
function brought({ package: pkg, problem }: RejectedPlugin, kind: ContributionKind, key: string): boolean {
  if (problem.code === 'VMCTL_PLUGIN_UNREADABLE') return pkg.name === knownPackage(kind, key);
  const value = contributesOf(pkg.vmctl)?.[kind];
  return Array.isArray(value) ? value.includes(key) : isJsonObject(value) && Object.hasOwn(value, key);
}

function contributesOf(vmctl: unknown): Record<string, unknown> | undefined {
  const contributes = isJsonObject(vmctl) ? vmctl['contributes'] : undefined;
  return isJsonObject(contributes) ? contributes : undefined;
}
