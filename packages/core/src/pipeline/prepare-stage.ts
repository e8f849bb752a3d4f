import { randomBytes, randomUUID } from 'node:crypto';
import { VmctlError } from '../errors/vmctl-error.js';
import { instanceMetaData, setsOwnHostKeys, userDataFor } from '../guest/cloud-config.js';
import { pinHostKey } from '../guest/known-hosts.js';
import { createSeedIso } from '../guest/seed-iso.js';
import { generateKeyPair, readPublicKey } from '../guest/ssh-keys.js';
import { writeAtomic } from '../host/atomic-file.js';
import { readRegular } from '../host/regular-file.js';
import { formatBytes } from '../images/size.js';
import type { BackendPlugin, HypervisorContext, VmHandle, VmSpec } from '../hypervisor/contract.js';
import type { UpContext } from '../plugins/up-context.js';
import { isOfProject } from '../plugins/manifest.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { createWorkDir, settleWorkDir } from '../state/work-dir.js';
import { withGrownDisk } from './disk-growth.js';
import { declaredSettings } from './declared-settings.js';
import { machineDefaults } from './machine-defaults.js';
import { choosePorts, newLogin, newSettings } from './new-settings.js';
import type { StageServices } from './stage-services.js';

const GIB = 2 ** 30;
/** How long a backend may take to remove what nobody knows. */
const DISCARD_MS = 30_000;

/** Makes the work directory with keys and seed, and writes down what the VM shall be. */
export async function specifyVm(ctx: UpContext, services: StageServices): Promise<void> {
  if (ctx.handle !== undefined) return;
  const { definition, workDir, image } = ctx;
  if (image === undefined) {
    throw new VmctlError('VMCTL_INTERNAL', { message: `${definition.name} has no image after its stage.` });
  }
  const backend = services.router.choose({ declared: definition.backend });
  const defaults = machineDefaults((await services.router.backend(backend)).supports, services.bridge);
  const network = definition.network ?? defaults.network;
  const id = `${backend}-${randomUUID()}`;
  await createWorkDir(workDir);
  const seedIsoPath = await makeSeed(ctx, id, services);
  const { ports } = services.plugins.host;
  ctx.spec = {
    id,
    name: definition.name,
    backend,
    workDir,
    image: { path: image.path, format: image.format, virtualSize: image.virtualSize },
    diskBytes: definition.diskBytes,
    vcpus: definition.vcpus,
    memoryMb: definition.memoryMb,
    firmware: definition.firmware ?? defaults.firmware,
    network,
    forwards: await choosePorts(definition.forwards, (address) => ports.free(address)),
    macAddress: randomMac(),
    sshHostPort: network.type === 'user' ? await ports.free() : undefined,
    seedIsoPath,
  };
}

/** Lets the backend make the disk, and puts the VM into the registry. */
export async function prepareVm(ctx: UpContext, services: StageServices): Promise<void> {
  const { spec, definition } = ctx;
  const handle =
    ctx.handle === undefined
      ? {
          // First: its files may be gone by now, and nothing has been made yet.
          declared: await declaredSettings(definition),
          ...(await prepareNew(ctx, spec, services)),
          created_at: new Date().toISOString(),
          booted: false,
        }
      : {
          ...(await withGrownDisk(ctx.handle, definition, services.router, hypervisorContext(ctx))),
          ...(await newSettings(ctx.handle, definition, services)),
        };
  const saved: VmHandle = {
    ...handle,
    up_pending: true,
    backend_plugin: projectPluginOf(handle, services),
    vmfile: services.vmfilePath ?? null,
    ...(await newLogin(handle, definition, services)),
  };
  try {
    await services.registry.update(definition.name, () => saved);
  } catch (error) {
    // A VM that is not in the registry would never be found again.
    if (ctx.handle === undefined) await discard(saved, ctx, services);
    throw error;
  }
  const before = ctx.handle;
  ctx.handle = saved;
  await settleWorkDir(ctx.workDir);
  ctx.detail = describe(ctx, saved, before);
}

/** The plugin of a backend when the VMFile brought it: other commands have to find it without the file. */
function projectPluginOf(handle: VmHandle, { plugins }: StageServices): BackendPlugin | null {
  const [provider] = plugins.catalog.providers('hypervisors', handle.backend);
  // The VMFile may not require it any more; the VM still does.
  if (provider === undefined) return handle.backend_plugin ?? null;
  if (!isOfProject(provider.package)) return null;
  const { name, version, root } = provider.package;
  return { name, version, path: root };
}

async function prepareNew(
  ctx: UpContext,
  spec: VmSpec | undefined,
  services: StageServices,
): Promise<VmHandle> {
  if (spec === undefined) {
    throw new VmctlError('VMCTL_INTERNAL', { message: `${ctx.definition.name} has no spec to prepare.` });
  }
  return services.router.prepare(spec, hypervisorContext(ctx));
}

function hypervisorContext({ signal, log, events }: UpContext): HypervisorContext {
  return { signal, log: log.child('hypervisor'), events };
}

/** Lets the backend remove what it made; the work directory goes with the failed run. */
async function discard(handle: VmHandle, ctx: UpContext, services: StageServices): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_MS);
  await services.router
    .destroy(handle, { ...hypervisorContext(ctx), signal })
    .catch((error: unknown) => ctx.log.debug('could not discard', error));
}

/** Writes keys and seed; the path of the seed, or undefined for a VM without a `cloud-init` block. */
async function makeSeed(ctx: UpContext, id: string, services: StageServices): Promise<string | undefined> {
  const { definition, workDir } = ctx;
  const { cloudInit, name } = definition;
  if (cloudInit === undefined) return undefined;
  const hostKey = await generateKeyPair(`root@${cloudInit.hostname}`);
  const userData =
    cloudInit.userDataPath === undefined ? undefined : await readRegular(cloudInit.userDataPath);
  if (userData === undefined || !setsOwnHostKeys(userData)) {
    await pinHostKey(workDirFiles(workDir).knownHosts, name, hostKey.publicKey);
  }
  const files = userDataFor({
    hostname: cloudInit.hostname,
    user: services.login.user ?? definition.ssh.user,
    hostKey,
    userData,
    authorizedKeys: userData === undefined ? [await authorizedKey(ctx)] : [],
  });
  const seedPath = workDirFiles(workDir).seed;
  const seed = createSeedIso({
    ...files,
    'meta-data': instanceMetaData({ instanceId: id, hostname: cloudInit.hostname }),
  });
  await writeAtomic(seedPath, seed);
  return seedPath;
}

async function authorizedKey({ definition, workDir }: UpContext): Promise<string> {
  const given = definition.cloudInit?.sshKeyPath;
  if (given !== undefined) return readPublicKey(given);
  const pair = await generateKeyPair(`vmctl-${definition.name}`);
  const files = workDirFiles(workDir);
  await writeAtomic(files.privateKey, pair.privateKey);
  await writeAtomic(files.publicKey, `${pair.publicKey}\n`, 0o644);
  return pair.publicKey;
}

/** QEMU's own prefix, which is locally administered and unicast. */
function randomMac(): string {
  return ['52', '54', '00', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(
    ':',
  );
}

function describe(ctx: UpContext, handle: VmHandle, before: VmHandle | undefined): string {
  const parts: string[] = [];
  if (ctx.spec === undefined) {
    const isLarger = handle.disk_gb !== null && handle.disk_gb !== before?.disk_gb;
    parts.push(isLarger ? `disk grown to ${handle.disk_gb} GiB` : 'disk kept');
  } else {
    const size = handle.disk_gb === null ? ctx.spec.image.virtualSize : handle.disk_gb * GIB;
    parts.push(`overlay ${formatBytes(size)}`);
    if (handle.seed_iso_path !== null) parts.push('seed');
  }
  if (handle.ssh_host_port !== null) parts.push(`port ${handle.ssh_host_port}`);
  return parts.join(', ');
}
