import type { HypervisorContext, PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import type { Accelerator, AcceleratorProbe } from './accelerator.js';
import { findFirmware, type Firmware } from './firmware.js';
import { launchQemu, QemuStartError, type Launched } from './launch.js';
import { machineFor } from './machine.js';
import { findQemu, type QemuBinary } from './qemu-binary.js';
import { readSettings } from './settings.js';
import type { StartFailure } from './start-failure.js';
import { copyVariables, fileSize, filesOf, prepareConsoleLog, removeRunFiles } from './work-files.js';

/** How often a port that somebody else took is replaced. */
const PORT_ATTEMPTS = 5;

export interface StartOptions {
  readonly host: PluginHost;
  readonly vm: VmHandle;
  readonly ctx: HypervisorContext;
  readonly probe: AcceleratorProbe;
  readonly deadlineMs: number;
  /** Told why KVM is not used. */
  readonly onEmulation: (
    accelerator: Extract<Accelerator, { name: 'tcg' }>,
    qemu: QemuBinary,
  ) => Promise<void>;
}

/** Starts a VM that does not run. */
export async function startVm(options: StartOptions): Promise<{ handle: VmHandle; launched: Launched }> {
  const { host, vm, ctx, probe } = options;
  const settings = await readSettings(host);
  const binary = await findQemu(host);
  await checkDisks(host, vm);
  const firmware = vm.uefi ? await firmwareFor(host, vm) : undefined;
  const accelerator = await probe.choose(binary);
  if (accelerator.name === 'tcg') await options.onEmulation(accelerator, binary);
  ctx.signal.throwIfAborted();

  const files = filesOf(vm);
  await removeRunFiles(vm);
  const consoleLogStart = await prepareConsoleLog(files.consoleLog, host.files);
  const qmpSocketPath = await host.sockets.shortPath(files.qmpSocket);
  const consoleSocketPath = await host.sockets.shortPath(files.consoleSocket);
  const { launched, sshHostPort } = await launchOnFreePort(options, binary, (port) =>
    machineFor(vm, {
      accelerator: accelerator.name,
      firmware,
      settings,
      qmpSocketPath,
      consoleSocketPath,
      sshHostPort: port,
      root: process.getuid?.() === 0,
    }),
  );
  const { major, minor, micro } = launched.version;
  return {
    launched,
    handle: {
      ...withProcess(vm, launched.identity),
      ssh_host_port: sshHostPort,
      qmp_socket: files.qmpSocket,
      console_socket: files.consoleSocket,
      console_log_start: consoleLogStart,
      accelerator: accelerator.name,
      qemu_version: `${major}.${minor}.${micro}`,
    },
  };
}

/** The handle of a VM whose QEMU is known. */
export function withProcess(vm: VmHandle, identity: ProcessIdentity): VmHandle {
  return { ...vm, pid: identity.pid, pid_start_time: identity.startTime, booted: true };
}

/** The port for SSH was free when it was chosen; when it no longer is, another one does as well. */
async function launchOnFreePort(
  { host, vm, ctx, deadlineMs }: StartOptions,
  binary: QemuBinary,
  machine: (sshHostPort: number | null) => ReturnType<typeof machineFor>,
): Promise<{ launched: Launched; sshHostPort: number | null }> {
  let sshHostPort = vm.ssh_host_port;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const launched = await launchQemu({
        host,
        vm,
        binary,
        machine: machine(sshHostPort),
        deadlineMs,
        signal: ctx.signal,
      });
      return { launched, sshHostPort };
    } catch (error) {
      if (!(error instanceof QemuStartError)) throw error;
      const { failure } = error;
      if (failure.kind === 'other') throw startFailed(host, vm, error, failure.hint);
      if (!isSsh(failure, sshHostPort) || attempt === PORT_ATTEMPTS)
        throw portTaken(host, vm, error, failure);
      const taken = sshHostPort;
      sshHostPort = await host.ports.free();
      ctx.events.emit({
        type: 'warning',
        vm: vm.name,
        code: 'VMCTL_PORT_TAKEN',
        message: `Port ${taken} is taken by another program; SSH of ${vm.name} is on port ${sshHostPort} now.`,
      });
    }
  }
}

function isSsh(failure: Extract<StartFailure, { kind: 'port' }>, sshHostPort: number | null): boolean {
  return failure.port === sshHostPort && failure.guestPort === 22 && failure.address === '127.0.0.1';
}

function startFailed(host: PluginHost, vm: VmHandle, cause: QemuStartError, hint: string | undefined): Error {
  return host.error('VMCTL_QEMU_START_FAILED', {
    message: `${vm.name} did not start. ${cause.message}`,
    hint,
    cause,
    details: { vm: vm.name },
  });
}

function portTaken(
  host: PluginHost,
  vm: VmHandle,
  cause: QemuStartError,
  { address, port, guestPort }: Extract<StartFailure, { kind: 'port' }>,
): Error {
  const privileged = port < 1024 && process.getuid?.() !== 0;
  return host.error('VMCTL_PORT_TAKEN', {
    message: privileged
      ? `${vm.name} did not start: port ${port} of ${address} (to port ${guestPort} of the guest) cannot be used; ports below 1024 are root's.`
      : `${vm.name} did not start: port ${port} of ${address} (to port ${guestPort} of the guest) is taken by another program.`,
    hint: privileged
      ? 'Use a higher host port in the VMFile: forward host=8080 …'
      : `Use another host port in the VMFile (host=0 takes any free one), or end what listens there: ss -ltnp 'sport = :${port}'`,
    cause,
    details: { vm: vm.name, address, port, guestPort },
  });
}

/** QEMU would say it too, but not what to do. */
async function checkDisks(host: PluginHost, vm: VmHandle): Promise<void> {
  const missing = async (what: string, path: string | null | undefined, hint: string): Promise<void> => {
    if (typeof path !== 'string' || (await fileSize(path)) !== undefined) return;
    throw host.error('VMCTL_QEMU_DISK_MISSING', {
      message: `${vm.name} cannot start: ${what} is gone: ${path}`,
      hint,
      details: { vm: vm.name, path },
    });
  };
  const anew = `or make the VM anew: vmctl destroy ${vm.name}`;
  await missing('its disk', filesOf(vm).overlay, `Put the file back, ${anew}`);
  await missing('the base image that its disk is built on', vm.image_path, `Put the image back, ${anew}`);
  await missing('its cloud-init seed', vm.seed_iso_path, `Put the file back, ${anew}`);
}

/** The code that fits the VM's own variables; a VM of another tool may have none yet. */
async function firmwareFor(host: PluginHost, vm: VmHandle): Promise<Firmware> {
  const { variables } = filesOf(vm);
  const firmware = await findFirmware(host, { variablesSize: await fileSize(variables) });
  await copyVariables(firmware.templatePath, variables, host.files);
  return firmware;
}
