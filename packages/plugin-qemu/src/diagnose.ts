import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { HostFinding, PluginHost } from '@vmctl/core/plugin';
import type { AcceleratorProbe } from './accelerator.js';
import { findFirmware } from './firmware.js';
import { installCommand } from './packages.js';
import { findQemu, readVersion, type QemuBinary } from './qemu-binary.js';
import { readSettings } from './settings.js';
import { codeOf, messageOf } from './thrown.js';

/** The oldest QEMU with all options that are used. */
const OLDEST = { major: 5, minor: 2 };

/** Where distributions have the bridge helper. */
const BRIDGE_HELPERS = [
  '/usr/lib/qemu/qemu-bridge-helper',
  '/usr/libexec/qemu-bridge-helper',
  '/usr/lib/qemu-bridge-helper',
  '/usr/libexec/qemu/qemu-bridge-helper',
];
const BRIDGE_ACL = '/etc/qemu/bridge.conf';

/** What this host has and lacks for QEMU guests. Never rejects for what it finds. */
export async function diagnoseHost(host: PluginHost, probe: AcceleratorProbe): Promise<HostFinding[]> {
  const binary = await findQemu(host).catch(() => undefined);
  return Promise.all([
    qemuFinding(host, binary),
    qemuImgFinding(host),
    kvmFinding(probe, binary),
    firmwareFinding(host),
    bridgeFinding(),
  ]);
}

async function qemuFinding(host: PluginHost, binary: QemuBinary | undefined): Promise<HostFinding> {
  const id = 'qemu';
  if (binary === undefined) {
    const settings = await readSettings(host).catch(() => undefined);
    // What is wrong with the settings themselves is not for this to say.
    if (settings === undefined) {
      const detail = 'Something is wrong with the settings under backends.qemu.';
      return { id, status: 'warning', title: 'QEMU was not looked for', detail, fix: 'vmctl config' };
    }
    const own = settings.binary;
    return own === undefined
      ? { id, status: 'error', title: 'QEMU is not installed', fix: await installCommand('qemu') }
      : {
          id,
          status: 'error',
          title: `QEMU is set to "${own}", which cannot be run`,
          fix: 'vmctl config, which says where backends.qemu.binary comes from',
        };
  }
  try {
    const version = await readVersion(host, binary);
    const { major, minor, micro } = version;
    const old = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
    if (!old) return { id, status: 'ok', title: `QEMU ${major}.${minor}.${micro}`, detail: binary.path };
    return {
      id,
      status: 'warning',
      title: `QEMU ${major}.${minor} is older than ${OLDEST.major}.${OLDEST.minor}`,
      detail: `${binary.path} may not know all options that vmctl uses.`,
      fix: await installCommand('qemu'),
    };
  } catch (error) {
    return {
      id,
      status: 'error',
      title: 'QEMU does not run',
      detail: messageOf(error),
      fix: await installCommand('qemu'),
    };
  }
}

async function qemuImgFinding(host: PluginHost): Promise<HostFinding> {
  const id = 'qemu-img';
  for (const directory of (host.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'qemu-img');
    if (directory !== '' && (await mayRun(path)))
      return { id, status: 'ok', title: 'qemu-img', detail: path };
  }
  return {
    id,
    status: 'error',
    title: 'qemu-img is not installed',
    detail: 'It makes the disks of VMs.',
    fix: await installCommand('qemu-img'),
  };
}

async function kvmFinding(probe: AcceleratorProbe, binary: QemuBinary | undefined): Promise<HostFinding> {
  const id = 'kvm';
  if (binary === undefined) {
    return { id, status: 'warning', title: 'KVM was not tried', detail: 'It takes QEMU to try it.' };
  }
  const accelerator = await probe.choose(binary, { fresh: true });
  if (accelerator.name === 'kvm') return { id, status: 'ok', title: 'KVM runs guests' };
  return {
    id,
    status: accelerator.reason === 'chosen' ? 'ok' : 'warning',
    title: 'KVM is not used: guests are emulated (tcg), many times slower',
    detail: sentence(accelerator.detail),
    fix: accelerator.hint,
  };
}

async function firmwareFinding(host: PluginHost): Promise<HostFinding> {
  const id = 'ovmf';
  try {
    const { codePath } = await findFirmware(host);
    return { id, status: 'ok', title: 'UEFI firmware (OVMF)', detail: codePath };
  } catch {
    return {
      id,
      status: 'warning',
      title: 'UEFI firmware (OVMF) is not installed',
      detail: 'Only VMs with firmware "uefi" need it.',
      fix: await installCommand('ovmf'),
    };
  }
}

/** Paths are parameters for the tests. */
export async function bridgeFinding({
  helpers = BRIDGE_HELPERS,
  acl = BRIDGE_ACL,
  root = process.getuid?.() === 0,
} = {}): Promise<HostFinding> {
  const id = 'bridge-helper';
  const detail = 'Only VMs with network "tap" need it.';
  const sudo = root ? '' : 'sudo ';
  const found: string[] = [];
  for (const helper of helpers) if (await mayRun(helper)) found.push(helper);
  const [helper] = found;
  if (helper === undefined) {
    const fix = await installCommand('bridge-helper');
    return { id, status: 'warning', title: 'qemu-bridge-helper is not installed', detail, fix };
  }
  const { mode, uid } = await stat(helper);
  if (!root && !((mode & 0o4000) !== 0 && uid === 0)) {
    const title = 'qemu-bridge-helper has no root rights';
    return { id, status: 'warning', title, detail, fix: `sudo chmod u+s ${helper}` };
  }
  // The file may be readable only by the helper.
  const rules = await readFile(acl, 'utf8').catch((error: unknown) =>
    codeOf(error) === 'ENOENT' ? '' : undefined,
  );
  if (rules !== undefined && !/^\s*(?:allow|include)\s/m.test(rules)) {
    const title = `qemu-bridge-helper may use no bridge: ${acl} allows none`;
    const fix = `${sudo}mkdir -p /etc/qemu && echo "allow br0" | ${sudo}tee -a ${acl}`;
    return { id, status: 'warning', title, detail, fix };
  }
  return { id, status: 'ok', title: 'qemu-bridge-helper', detail: helper };
}

async function mayRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
