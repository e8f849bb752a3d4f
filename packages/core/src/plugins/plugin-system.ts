import type { AsyncSeriesBailHook, HookMap } from 'tapable';
import { VmctlError } from '../errors/vmctl-error.js';
import type { Hypervisor } from '../hypervisor/contract.js';
import { packageOfBackend } from '../hypervisor/platforms.js';
import type { ImageSource } from '../images/contract.js';
import type { Provisioner } from '../provisioner/contract.js';
import type { VmNode } from '../vmfile/vm-node.js';
import { PluginActivator } from './activation.js';
import { type ContributionKind, type KnownPlugin, PluginCatalog } from './catalog.js';
import type { PluginHost } from './contract.js';
import type { PluginPackage } from './manifest.js';
import { orderTaps } from './tap-order.js';

/** The package that brings the provisioner types everybody knows. */
const PROVISIONERS_PACKAGE = '@vmctl/plugin-provisioners';
const KNOWN_PROVISIONERS: readonly string[] = ['shell', 'file'];

/** Words for messages about one kind of contribution. */
interface Wording {
  readonly kind: ContributionKind;
  readonly noun: string;
  readonly code:
    | 'VMCTL_BACKEND_NOT_INSTALLED'
    | 'VMCTL_PROVISIONER_UNKNOWN'
    | 'VMCTL_IMAGE_SCHEME_UNKNOWN'
    | 'VMCTL_VM_NODE_UNKNOWN';
}

const BACKEND: Wording = { kind: 'hypervisors', noun: 'backend', code: 'VMCTL_BACKEND_NOT_INSTALLED' };
const PROVISIONER: Wording = {
  kind: 'provisioners',
  noun: 'provisioner type',
  code: 'VMCTL_PROVISIONER_UNKNOWN',
};
const IMAGE_SOURCE: Wording = {
  kind: 'imageSources',
  noun: 'image source',
  code: 'VMCTL_IMAGE_SCHEME_UNKNOWN',
};

const VM_NODE: Wording = { kind: 'vmNodes', noun: 'VM node', code: 'VMCTL_VM_NODE_UNKNOWN' };

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
    readonly host: PluginHost;
    readonly builtIn: Readonly<Record<ContributionKind, readonly string[]>>;
  }) {
    this.catalog = new PluginCatalog(options.packages);
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

  /** Whether some plugin says that it brings it, be it one that cannot be used. */
  claims(kind: ContributionKind, key: string): boolean {
    return (
      this.installed(kind).includes(key) ||
      this.catalog.rejected.some(({ package: pkg }) => claims(pkg.vmctl, kind, key))
    );
  }

  /** Lets every plugin that taps stages of `up` do so. A broken one fails the `up` that would have needed it. */
  async activatePipeline(): Promise<void> {
    await this.#activator.activateAll(this.catalog.pipelinePlugins);
  }

  /** Tries to load one plugin; for `doctor`. */
  async tryActivate(plugin: KnownPlugin): Promise<void> {
    await this.#activator.activate(plugin);
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
    if (!this.#builtIn[wording.kind].includes(key)) {
      await this.#activator.activate(this.#provider(wording, key));
    }
    // tapable says T, and gives undefined when no tap answered.
    const made: T | undefined = await hooks.for(key).promise(context);
    if (made === undefined) {
      const [plugin] = this.catalog.providers(wording.kind, key);
      throw new VmctlError('VMCTL_PLUGIN_INVALID', {
        message: `The plugin ${plugin?.package.name ?? 'vmctl'} says that it brings the ${wording.noun} "${key}", but does not.`,
        hint: `Its apply() has to tap hooks for "${key}". Tell its authors.`,
      });
    }
    return made;
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
    const rejected = this.catalog.rejected.find(({ package: pkg }) => claims(pkg.vmctl, wording.kind, key));
    if (rejected !== undefined) {
      return new VmctlError(rejected.problem.code, rejected.problem);
    }
    const installed = this.installed(wording.kind);
    const known = knownPackage(wording.kind, key);
    return new VmctlError(wording.code, {
      message:
        `No installed plugin brings the ${wording.noun} "${key}".` +
        (installed.length > 0 ? ` Installed: ${installed.join(', ')}.` : ''),
      hint:
        known === undefined
          ? `Install the plugin that brings it: vmctl plugins install PACKAGE`
          : `vmctl plugins install ${known}`,
      details: { [wording.noun]: key, installed },
    });
  }
}

/** The package that is known to bring it, for hints. */
export function knownPackage(kind: ContributionKind, key: string): string | undefined {
  if (kind === 'hypervisors') return packageOfBackend(key);
  if (kind === 'provisioners' && KNOWN_PROVISIONERS.includes(key)) return PROVISIONERS_PACKAGE;
  return undefined;
}

/** Whether a rejected manifest would have brought it, as far as can be told. */
function claims(vmctl: unknown, kind: ContributionKind, key: string): boolean {
  const contributes = (vmctl as { contributes?: Record<string, unknown> } | null)?.contributes;
  const value = contributes?.[kind];
  if (Array.isArray(value)) return value.includes(key);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}
