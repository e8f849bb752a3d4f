import type { EventListener, ListenerPressure } from './events/event-stream.js';
import type { CreateOptions } from './operations/create.js';
import type { ConsoleSession } from './operations/console-session.js';
import type { ConsoleDescription, ConsoleOptions } from './operations/console.js';
import type {
  ConfigurationReport,
  DescribeConfigurationOptions,
} from './operations/describe-configuration.js';
import type { DestroyOptions } from './operations/destroy.js';
import type { RepairResult } from './operations/doctor/finding.js';
import type { DoctorReport } from './operations/doctor.js';
import type { DownOptions } from './operations/down.js';
import type { EventsOptions, ObservedEvent } from './operations/events.js';
import type { ExistingVmsOptions } from './operations/existing-vms.js';
import type { FormatOptions, FormattedFile, FormattedText } from './operations/format.js';
import type { ImageListing } from './operations/image-listing.js';
import type {
  PruneImagesOptions,
  PruneImagesResult,
  RemoveImagesOptions,
  RemoveImagesResult,
} from './operations/image-remove.js';
import type { PulledImage, PullImagesOptions } from './operations/images.js';
import type { OrphanedVm } from './operations/orphaned-vms.js';
import type { PruneResult } from './operations/project-plugin-use.js';
import type { CreatedVmFile, InitOptions } from './operations/init.js';
import type { VmListing } from './operations/list.js';
import type { LogChunk, LogOptions } from './operations/log.js';
import type { PlanOptions, ProjectPlan } from './operations/plan.js';
import type { ProvisionOptions } from './operations/provision.js';
import type { RegisteredVmsOptions } from './operations/registered-vms.js';
import type { RepairOptions } from './operations/doctor/repair.js';
import { Runtime, type RuntimeOptions } from './operations/runtime.js';
import type { CopyOptions, CopyResult } from './operations/copy.js';
import type { ExecOptions } from './operations/exec.js';
import type { GuestExecResult } from './guest/contract.js';
import type { AddForwardOptions, ForwardChange, RemoveForwardOptions } from './operations/forwards.js';
import type { VmPort } from './operations/ports.js';
import type { SshConfig, SshConfigOptions } from './operations/ssh-config.js';
import type { InstalledSshConfig } from './operations/ssh-config-install.js';
import type { SshCommand, SshOptions } from './operations/ssh.js';
import type { VmStatus } from './operations/status.js';
import type { StopOptions } from './operations/stop.js';
import type { OperationResult } from './operations/operation-result.js';
import type { UpOptions } from './operations/up.js';
import type { WaitOptions } from './operations/wait.js';
import type { VmFile } from './vmfile/model.js';

/**
 * vmctl as a library: the same operations that the commands call. Nothing is printed; what happens comes as events.
 *
 * Each operation is loaded when it is first called.
 */
export class Vmctl {
  readonly #runtime: Runtime;

  constructor(options: RuntimeOptions = {}) {
    this.#runtime = new Runtime(options);
  }

  /**
   * Listens to all events from now on; returns the function that ends it.
   *
   * @param pressure - gives a promise while the listener is behind: what steps print waits for it in the guest
   */
  subscribe(listener: EventListener, pressure?: ListenerPressure): () => void {
    return this.#runtime.events.subscribe(listener, pressure);
  }

  /** Brings the VMs of a VMFile up. */
  async up(options?: UpOptions): Promise<OperationResult> {
    return (await import('./operations/up.js')).up(this.#runtime, options);
  }

  /** What `up` would do, and why. Only looks. */
  async plan(options?: PlanOptions): Promise<ProjectPlan> {
    return (await import('./operations/plan.js')).plan(this.#runtime, options);
  }

  /** Destroys VMs of a VMFile and brings them up anew. */
  async reload(options?: UpOptions): Promise<OperationResult> {
    return (await import('./operations/reload.js')).reload(this.#runtime, options);
  }

  /** Runs provisioning steps on running VMs of a VMFile. */
  async provision(options?: ProvisionOptions): Promise<OperationResult> {
    return (await import('./operations/provision.js')).provision(this.#runtime, options);
  }

  /** Stops the VMs of a VMFile. */
  async down(options?: DownOptions): Promise<OperationResult> {
    return (await import('./operations/down.js')).down(this.#runtime, options);
  }

  /** Makes a VM without a VMFile. */
  async create(options: CreateOptions): Promise<OperationResult> {
    return (await import('./operations/create.js')).create(this.#runtime, options);
  }

  /** Starts VMs that exist, with the settings that they have; no VMFile is read. */
  async start(options: RegisteredVmsOptions): Promise<OperationResult> {
    return (await import('./operations/start.js')).start(this.#runtime, options);
  }

  /** Stops VMs, from whichever VMFile. */
  async stop(options: StopOptions): Promise<OperationResult> {
    return (await import('./operations/stop.js')).stop(this.#runtime, options);
  }

  /** Stops VMs and starts them again. */
  async restart(options: StopOptions): Promise<OperationResult> {
    return (await import('./operations/restart.js')).restart(this.#runtime, options);
  }

  /** Freezes running VMs. */
  async suspend(options: RegisteredVmsOptions): Promise<OperationResult> {
    return (await import('./operations/suspend.js')).suspend(this.#runtime, options);
  }

  /** Lets suspended VMs go on. */
  async resume(options: RegisteredVmsOptions): Promise<OperationResult> {
    return (await import('./operations/suspend.js')).resume(this.#runtime, options);
  }

  /** Waits until VMs are ready, running or stopped. */
  async wait(options: WaitOptions): Promise<OperationResult> {
    return (await import('./operations/wait.js')).wait(this.#runtime, options);
  }

  /** Removes VMs with all they have. */
  async destroy(options: DestroyOptions): Promise<OperationResult> {
    return (await import('./operations/destroy.js')).destroy(this.#runtime, options);
  }

  /** All VMs with their observed states. */
  async list(options?: { signal?: AbortSignal }): Promise<VmListing[]> {
    return (await import('./operations/list.js')).list(this.#runtime, options);
  }

  /** All that is known of some VMs. */
  async status(options?: { names?: readonly string[]; signal?: AbortSignal }): Promise<VmStatus[]> {
    return (await import('./operations/status.js')).status(this.#runtime, options);
  }

  /** The `ssh` command line that logs in to a running VM. */
  async ssh(options: SshOptions): Promise<SshCommand> {
    return (await import('./operations/ssh.js')).ssh(this.#runtime, options);
  }

  /** Copies files and directories to a running VM, or from it. */
  async copy(options: CopyOptions): Promise<CopyResult> {
    return (await import('./operations/copy.js')).copy(this.#runtime, options);
  }

  /** The ports of the host that lead to VMs. */
  async ports(options?: { names?: readonly string[]; signal?: AbortSignal }): Promise<VmPort[]> {
    return (await import('./operations/ports.js')).ports(this.#runtime, options);
  }

  /** Lets a port of the host lead to a VM. */
  async addForward(options: AddForwardOptions): Promise<ForwardChange> {
    return (await import('./operations/forwards.js')).addForward(this.#runtime, options);
  }

  /** Takes a forwarded port away. */
  async removeForward(options: RemoveForwardOptions): Promise<ForwardChange> {
    return (await import('./operations/forwards.js')).removeForward(this.#runtime, options);
  }

  /** The configuration with which the programs of OpenSSH reach VMs by name. */
  async sshConfig(options?: SshConfigOptions): Promise<SshConfig> {
    return (await import('./operations/ssh-config.js')).sshConfig(this.#runtime, options);
  }

  /** The same for all connections of the user: in a file that `~/.ssh/config` includes. */
  async installSshConfig(options?: SshConfigOptions): Promise<InstalledSshConfig> {
    return (await import('./operations/ssh-config-install.js')).installSshConfig(this.#runtime, options);
  }

  /** Runs a command in a running VM. */
  async exec(options: ExecOptions): Promise<GuestExecResult> {
    return (await import('./operations/exec.js')).execInGuest(this.#runtime, options);
  }

  /** Fetches images into the cache. */
  async pullImages(options: PullImagesOptions): Promise<readonly PulledImage[]> {
    return (await import('./operations/images.js')).pullImages(this.#runtime, options);
  }

  /** The images of the cache, with their sizes and who uses them. */
  async listImages(): Promise<readonly ImageListing[]> {
    return (await import('./operations/images.js')).listImages(this.#runtime);
  }

  /** Some images of the cache, by URL, path, name, or the beginning of the digest. */
  async inspectImages(options: { readonly images: readonly string[] }): Promise<readonly ImageListing[]> {
    return (await import('./operations/images.js')).inspectImages(this.#runtime, options);
  }

  /** Removes images from the cache, unless a VM needs them. */
  async removeImages(options: RemoveImagesOptions): Promise<RemoveImagesResult> {
    return (await import('./operations/image-remove.js')).removeImages(this.#runtime, options);
  }

  /** Removes the images that no VM needs. */
  async pruneImages(options?: PruneImagesOptions): Promise<PruneImagesResult> {
    return (await import('./operations/image-remove.js')).pruneImages(this.#runtime, options);
  }

  /** Opens the serial console of a running VM. */
  async console(options: ConsoleOptions): Promise<ConsoleSession> {
    return (await import('./operations/console.js')).openConsole(this.#runtime, options);
  }

  /** Where the serial console of a running VM is, for other programs. */
  async describeConsole(options: { name: string; signal?: AbortSignal }): Promise<ConsoleDescription> {
    return (await import('./operations/console.js')).describeConsole(this.#runtime, options);
  }

  /**
   * What all commands of this user do, and what happens to VMs without one. Unlike {@link subscribe}, which has the events
   * of this object alone.
   */
  async *events(options?: EventsOptions): AsyncGenerator<ObservedEvent> {
    const { readEvents } = await import('./operations/events.js');
    yield* readEvents(this.#runtime, options);
  }

  /** The logs of a VM. */
  async *log(options: LogOptions): AsyncGenerator<LogChunk> {
    const { readLog } = await import('./operations/log.js');
    yield* readLog(this.#runtime, options);
  }

  /** Reads and checks a VMFile. */
  async validate(options?: { file?: string }): Promise<VmFile> {
    return (await import('./operations/validate.js')).validate(this.#runtime, options);
  }

  /** Writes a VMFile for somebody who begins. */
  async init(options?: InitOptions): Promise<CreatedVmFile> {
    return (await import('./operations/init.js')).init(this.#runtime, options);
  }

  /** Formats VMFiles; comments stay. */
  async format(options?: FormatOptions): Promise<readonly FormattedFile[]> {
    return (await import('./operations/format.js')).format(this.#runtime, options);
  }

  /** The formatted text of a VMFile that is not in a file; `name` is what messages call it. */
  async formatBytes(bytes: Uint8Array, name: string): Promise<FormattedText> {
    return (await import('./operations/format.js')).formatBytes(bytes, name);
  }

  /** The names of the VMs of a VMFile, in its order; for commands whose VM is plain from where they are run. */
  async vmNames(options?: { file?: string }): Promise<string[]> {
    const { loadVmFile } = await import('./operations/select-vms.js');
    return (await loadVmFile(this.#runtime, options?.file, { steps: false })).vms.map(({ name }) => name);
  }

  /** Those VMs of a VMFile that exist: what `reload` and `down` with `destroy` take the disks of. */
  async existingVms(options?: ExistingVmsOptions): Promise<string[]> {
    return (await import('./operations/existing-vms.js')).existingVms(this.#runtime, options);
  }

  /** The VMs that need one of these plugins, and could not be worked with when they were gone. */
  async orphanedVms(plugins: readonly string[]): Promise<OrphanedVm[]> {
    return (await import('./operations/orphaned-vms.js')).orphanedVms(this.#runtime, plugins);
  }

  /** Removes plugins that VMFiles have brought and that no VM needs. */
  async prunePlugins(options?: { signal?: AbortSignal }): Promise<PruneResult> {
    return (await import('./operations/project-plugin-use.js')).prunePlugins(this.#runtime, options);
  }

  /** What is configured, and where each value comes from. */
  async configuration(options?: DescribeConfigurationOptions): Promise<ConfigurationReport> {
    const { describeConfiguration } = await import('./operations/describe-configuration.js');
    return describeConfiguration(this.#runtime, options);
  }

  /** Looks at plugins, host and state. */
  async doctor(options?: { signal?: AbortSignal }): Promise<DoctorReport> {
    return (await import('./operations/doctor.js')).doctor(this.#runtime, options);
  }

  /** Mends some of what {@link Vmctl.doctor} has found. */
  async repair(options: RepairOptions): Promise<RepairResult[]> {
    return (await import('./operations/doctor/repair.js')).repair(this.#runtime, options);
  }
}
