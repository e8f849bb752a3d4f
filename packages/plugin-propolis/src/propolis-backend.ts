import type { Duplex } from 'node:stream';
import type {
  ConsoleEndpoint,
  GuestAddress,
  HostFinding,
  Hypervisor,
  HypervisorContext,
  PluginHost,
  StopRequest,
  Supports,
  VmHandle,
  VmInspection,
  VmSpec,
  VmState,
} from '@vmctl/core/plugin';
import { API_VERSIONS, VERSION_HEADER } from './api/types.js';
import type { HostCommands } from './host/host-commands.js';
import { createIllumosCommands } from './host/illumos-commands.js';
import type { Parts, Patience } from './parts.js';
import { serialUrl } from './serial/serial-url.js';
import { readSettings } from './settings.js';
import { refusePlatform, refuseUnsupported, suspendRefusal, SUPPORTS } from './supports.js';
import { observeVm } from './vm-lookup.js';
import { readRecord } from './vm-record.js';
import { findLive, LOOPBACK } from './vm-server.js';
import { ZvolImages } from './zvol-images.js';

/** A server that does not answer within this time does not come up. */
const PATIENCE: Patience = { upMs: 30_000, runningMs: 60_000, migrationMs: 30_000 };
/** The port of a VM that was never prepared here: nobody listens there. */
const NO_PORT = 1;

export interface PropolisBackendOptions {
  readonly patience?: Partial<Patience> | undefined;
  /** What runs the console's recorder; for tests of the sources. */
  readonly recorderCommand?: readonly string[] | undefined;
  /** Where the kernel shows its VMs, by UUID. Default: /dev/vmm */
  readonly vmmDirectory?: string | undefined;
  /** Default: the programs of illumos. */
  readonly commands?: HostCommands | undefined;
}

/**
 * VMs as propolis-servers of this host, one process for each boot; found again through their work directories. Disks are
 * ZFS volumes, network cards VNICs. Whatever is asked for on another system is refused before anything is run.
 */
export class PropolisBackend implements Hypervisor {
  readonly name = 'propolis';
  readonly supports: Supports = SUPPORTS;
  readonly #host: PluginHost;
  readonly #options: PropolisBackendOptions;
  #known: Parts | undefined;

  constructor(host: PluginHost, options: PropolisBackendOptions = {}) {
    this.#host = host;
    this.#options = options;
  }

  async prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    const { prepareVm } = await import('./prepare.js');
    return prepareVm(this.#parts, spec, ctx);
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const host = this.#host;
    refuseUnsupported(host, { ...vm, firmware: vm.uefi ? 'uefi' : 'bios' });
    refusePlatform(host);
    const { startVm } = await import('./start.js');
    return startVm(this.#parts, vm, ctx);
  }

  async stop(vm: VmHandle, request: StopRequest, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    refusePlatform(this.#host);
    const { stopVm } = await import('./stop.js');
    return stopVm(this.#parts, vm, request, ctx);
  }

  async suspend(vm: VmHandle): Promise<VmHandle> {
    throw suspendRefusal(this.#host, vm.name, 'suspend');
  }

  async resume(vm: VmHandle): Promise<VmHandle> {
    throw suspendRefusal(this.#host, vm.name, 'resume');
  }

  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    refusePlatform(this.#host);
    const { destroyVm } = await import('./destroy.js');
    return destroyVm(this.#parts, vm, ctx);
  }

  async growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    refusePlatform(this.#host);
    const { growVmDisk } = await import('./grow-disk.js');
    return growVmDisk(this.#parts, vm, bytes, ctx);
  }

  async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
    const { platform } = this.#host;
    if (platform !== 'sunos') return { name: 'failed', detail: `propolis is unsupported on "${platform}"` };
    return observeVm(this.#parts, vm, ctx.signal);
  }

  async inspect(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined> {
    if (this.#host.platform !== 'sunos') return undefined;
    const { inspectVm } = await import('./inspect.js');
    return inspectVm(this.#parts, vm, ctx);
  }

  async guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress> {
    const { platform } = this.#host;
    if (platform !== 'sunos') return { kind: 'none', reason: `propolis is unsupported on "${platform}"` };
    const { findGuest } = await import('./guest-address.js');
    return findGuest(this.#parts, vm, ctx);
  }

  console(vm: VmHandle): ConsoleEndpoint {
    const { propolis_port: known } = vm;
    const port = typeof known === 'number' ? known : NO_PORT;
    return {
      kind: 'websocket',
      url: serialUrl({ host: LOOPBACK, port }),
      headers: { [VERSION_HEADER]: API_VERSIONS[0] },
    };
  }

  async openConsole(
    vm: VmHandle,
    { replay }: { readonly replay: boolean },
    ctx: HypervisorContext,
  ): Promise<Duplex> {
    refusePlatform(this.#host);
    const host = this.#host;
    const live = await findLive(host, vm, await readRecord(vm.work_dir));
    if (live === undefined) {
      throw host.error('VMCTL_VM_NOT_RUNNING', {
        message: `${vm.name} does not run; only a VM that runs has a console.`,
        hint: `Start it: vmctl start ${vm.name}`,
        details: { vm: vm.name },
      });
    }
    const { openConsoleStream } = await import('./serial/console-stream.js');
    return openConsoleStream(live.client, { error: host.error, vm: vm.name, replay, signal: ctx.signal });
  }

  async diagnose(ctx: HypervisorContext): Promise<readonly HostFinding[]> {
    const { diagnoseHost } = await import('./diagnose.js');
    return diagnoseHost(this.#parts, ctx);
  }

  async describe(vm: VmHandle, ctx: HypervisorContext): Promise<string> {
    const host = this.#host;
    const live =
      host.platform === 'sunos' ? await findLive(host, vm, await readRecord(vm.work_dir)) : undefined;
    const version = await live?.client.version({ signal: ctx.signal }).catch(() => undefined);
    ctx.signal.throwIfAborted();
    return version === undefined ? 'propolis (bhyve)' : `propolis (bhyve, API ${version})`;
  }

  /** Made when first needed: what the settings say may be wrong, and not everything needs them. */
  get #parts(): Parts {
    if (this.#known !== undefined) return this.#known;
    const host = this.#host;
    const { patience, recorderCommand, vmmDirectory = '/dev/vmm' } = this.#options;
    const { commands = createIllumosCommands(host) } = this.#options;
    const dataset = async (): Promise<string> => (await readSettings(host)).dataset;
    this.#known = {
      host,
      commands,
      images: new ZvolImages({ host, commands, dataset }),
      patience: { ...PATIENCE, ...patience },
      recorderCommand,
      vmmDirectory,
    };
    return this.#known;
  }
}
