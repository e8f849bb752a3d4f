import type { Duplex } from 'node:stream';
import { VmctlError } from '../errors/vmctl-error.js';
import type {
  BackendPlugin,
  ConsoleEndpoint,
  GuestAddress,
  HostFinding,
  Hypervisor,
  HypervisorContext,
  PortForward,
  StopRequest,
  Supports,
  VmHandle,
  VmSpec,
  VmState,
} from './contract.js';
import type { VmInspection } from './inspection.js';
import { consoleUnsupported } from './console-connection.js';
import { platformDefaults } from './platforms.js';

/** What the choice of a backend depends on, the strongest first. */
export interface BackendChoice {
  /** An existing VM stays with the backend that made it. */
  readonly handle?: VmHandle | undefined;
  /** `backend` in the VMFile. */
  readonly declared?: string | undefined;
}

export interface RouterOptions {
  /**
   * Loads a backend by name, and by the plugin that a VMFile brought for it; called once for each. Rejects when no
   * plugin has it.
   */
  readonly load: (name: string, plugin: BackendPlugin | undefined) => Promise<Hypervisor>;
  /** `--backend`. */
  readonly flag?: string | undefined;
  /** From the configuration file. */
  readonly configured?: string | undefined;
  readonly platform: NodeJS.Platform;
}

/**
 * The hypervisor that all of vmctl talks to: every call goes on to the backend of its VM.
 *
 * `supports` of the router itself is the widest; what a VM's backend refuses it refuses by itself.
 */
export class RouterHypervisor implements Hypervisor {
  readonly name = 'router';
  readonly supports: Supports = {
    suspend: true,
    snapshot: true,
    console: 'unix-socket',
    networks: ['user', 'tap', 'vnic', 'none'],
    firmware: ['bios', 'uefi'],
    imageFormats: ['qcow2', 'raw'],
    forwards: true,
    liveForwards: true,
    growDisk: true,
  };
  readonly #options: RouterOptions;
  readonly #loading = new Map<string, Promise<Hypervisor>>();
  readonly #loaded = new Map<string, Hypervisor>();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /**
   * The name of the backend: the handle's, the VMFile's, `--backend`'s, the configuration's, the platform's.
   *
   * @throws VMCTL_BACKEND_UNKNOWN_PLATFORM when nothing names one
   */
  choose(choice: BackendChoice): string {
    const { flag, configured, platform } = this.#options;
    const name =
      choice.handle?.backend ?? choice.declared ?? flag ?? configured ?? platformDefaults[platform]?.backend;
    if (name === undefined) {
      throw new VmctlError('VMCTL_BACKEND_UNKNOWN_PLATFORM', {
        message: `There is no default backend for the platform "${platform}".`,
        hint: 'Name one with --backend, with `backend "…"` in the VMFile, or with `backend` in a configuration.',
      });
    }
    return name;
  }

  /** The backend of that name, loaded once; of that plugin, for a VM that was made with one of its VMFile. */
  backend(name: string, plugin?: BackendPlugin): Promise<Hypervisor> {
    const key = keyOf(name, plugin);
    const known = this.#loading.get(key);
    if (known !== undefined) return known;
    const loading = this.#options.load(name, plugin).then((backend) => {
      this.#loaded.set(key, backend);
      return backend;
    });
    this.#loading.set(key, loading);
    return loading;
  }

  #backendOf(vm: VmHandle): Promise<Hypervisor> {
    return this.backend(vm.backend, vm.backend_plugin ?? undefined);
  }

  async prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    return (await this.backend(spec.backend)).prepare(spec, ctx);
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return (await this.#backendOf(vm)).start(vm, ctx);
  }

  async stop(vm: VmHandle, options: StopRequest, ctx: HypervisorContext): Promise<VmHandle> {
    return (await this.#backendOf(vm)).stop(vm, options, ctx);
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return (await this.#backendOf(vm)).suspend(vm, ctx);
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return (await this.#backendOf(vm)).resume(vm, ctx);
  }

  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    await (await this.#backendOf(vm)).destroy(vm, ctx);
  }

  async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
    return (await this.#backendOf(vm)).state(vm, ctx);
  }

  /** Undefined as well when the backend cannot be asked for more than the state. */
  async inspect(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined> {
    return (await this.#backendOf(vm)).inspect?.(vm, ctx);
  }

  async guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress> {
    return (await this.#backendOf(vm)).guestAddress(vm, ctx);
  }

  async setForwards(
    vm: VmHandle,
    forwards: readonly PortForward[],
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    const backend = await this.#backendOf(vm);
    if (backend.supports.liveForwards === true && backend.setForwards !== undefined) {
      return backend.setForwards(vm, forwards, ctx);
    }
    throw new VmctlError('VMCTL_BACKEND_UNSUPPORTED', {
      message: `The backend ${backend.name} cannot change the forwarded ports of a VM that is there.`,
      hint: 'Say it in the VMFile, and make the VM anew: vmctl reload',
      details: { vm: vm.name, backend: backend.name },
    });
  }

  async growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    const backend = await this.#backendOf(vm);
    if (backend.supports.growDisk === true && backend.growDisk !== undefined) {
      return backend.growDisk(vm, bytes, ctx);
    }
    throw new VmctlError('VMCTL_BACKEND_UNSUPPORTED', {
      message: `The backend ${backend.name} cannot make the disk of a VM larger.`,
      hint: 'Say it in the VMFile, and make the VM anew: vmctl reload',
      details: { vm: vm.name, backend: backend.name },
    });
  }

  /** Call another method for this VM first: this one cannot wait for a backend to load. */
  console(vm: VmHandle): ConsoleEndpoint {
    return (
      this.#loaded.get(keyOf(vm.backend, vm.backend_plugin ?? undefined))?.console(vm) ?? {
        kind: 'none',
        reason: `the backend "${vm.backend}" is not loaded`,
      }
    );
  }

  /** @throws VMCTL_CONSOLE_UNSUPPORTED when the backend of the VM has no stream to give */
  async openConsole(
    vm: VmHandle,
    options: { readonly replay: boolean },
    ctx: HypervisorContext,
  ): Promise<Duplex> {
    const backend = await this.#backendOf(vm);
    if (backend.openConsole !== undefined) return backend.openConsole(vm, options, ctx);
    throw consoleUnsupported(vm.name, `the backend ${backend.name} gives its address, and no way to open it`);
  }

  async describe(vm: VmHandle, ctx: HypervisorContext): Promise<string> {
    const backend = await this.#backendOf(vm);
    return (await backend.describe?.(vm, ctx)) ?? backend.name;
  }

  /** Findings of every backend loaded so far. */
  async diagnose(ctx: HypervisorContext): Promise<readonly HostFinding[]> {
    const all = await Promise.all(
      [...this.#loaded.values()].map(async (backend) => (await backend.diagnose?.(ctx)) ?? []),
    );
    return all.flat();
  }
}

/** Two projects may have two versions of the plugin of one backend. */
function keyOf(name: string, plugin: BackendPlugin | undefined): string {
  return plugin === undefined ? name : `${name}\n${plugin.path}`;
}
