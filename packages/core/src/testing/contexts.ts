import { VmctlError } from '../errors/vmctl-error.js';
import { createLogger } from '../host/logger.js';
import type { HypervisorContext, VmSpec } from '../hypervisor/contract.js';
import type { UpContext } from '../plugins/up-context.js';
import type { ProvisionContext, StepProgress } from '../provisioner/contract.js';
import type { VmDefinition } from '../vmfile/model.js';
import { EventRecorder } from './event-recorder.js';
import { FakeGuestSession } from './fake-guest-session.js';
import { FakeHypervisor } from './fake-hypervisor.js';

/** What calls of a backend are given, with a recorder for its events. */
export interface FakeHypervisorContext extends HypervisorContext {
  readonly events: EventRecorder;
}

/** Makes the context of one call of a backend. */
export function createHypervisorContext(
  options: { readonly signal?: AbortSignal } = {},
): FakeHypervisorContext {
  return {
    signal: options.signal ?? new AbortController().signal,
    log: createLogger('vmctl:test'),
    events: new EventRecorder(),
  };
}

/** What a step is given, with a fake guest and what the provisioner said. Nothing listens where `ssh` points to. */
export interface FakeProvisionContext extends ProvisionContext {
  readonly guest: FakeGuestSession;
  /** Everything that went to `output`, as text. */
  readonly said: { stdout: string; stderr: string };
  /** Everything that was given to `progress`. */
  readonly transfers: StepProgress[];
  /** Everything that was given to `redact`. It is not taken out of {@link FakeProvisionContext.said}. */
  readonly secrets: string[];
}

/** Makes the context of one step of a VM `web`. */
export function createProvisionContext(
  options: Partial<Pick<FakeProvisionContext, 'guest' | 'ssh' | 'vm' | 'step' | 'baseDir' | 'signal'>> = {},
): FakeProvisionContext {
  const said = { stdout: '', stderr: '' };
  const transfers: StepProgress[] = [];
  const secrets: string[] = [];
  return {
    vm: { name: 'web', id: 'fake-1', hostname: 'web' },
    step: { index: 1, count: 1, name: 'step' },
    guest: new FakeGuestSession(),
    ssh: {
      host: '127.0.0.1',
      port: 22,
      user: 'vm',
      identityFiles: ['/data/vms/web/id_ed25519_generated'],
      knownHostsFile: '/data/vms/web/known_hosts',
      hostKeyAlias: 'vmctl-web',
      settings: ['HostKeyAlias=vmctl-web'],
    },
    baseDir: '/project',
    signal: new AbortController().signal,
    output: {
      stdout: (chunk) => void (said.stdout += Buffer.from(chunk).toString()),
      stderr: (chunk) => void (said.stderr += Buffer.from(chunk).toString()),
    },
    progress: (progress) => void transfers.push(progress),
    redact: (secret) => void secrets.push(secret),
    log: createLogger('vmctl:test'),
    error: (code, more) => new VmctlError(code, more),
    said,
    transfers,
    secrets,
    ...options,
  };
}

/** What taps of `up` are given, with fakes in it. */
export interface FakeUpContext extends UpContext {
  readonly hypervisor: FakeHypervisor;
  readonly events: EventRecorder;
  guest: FakeGuestSession;
}

/**
 * Makes the context of a VM `web` that is on its way through `up` and has come past `ready`.
 *
 * `definition` is what differs from a VM with an image and nothing else, for example its `extensions`.
 */
export function createUpContext(
  options: Partial<Pick<FakeUpContext, 'hypervisor' | 'guest' | 'baseDir' | 'signal'>> & {
    readonly definition?: Partial<VmDefinition>;
  } = {},
): FakeUpContext {
  const { definition, ...rest } = options;
  return {
    baseDir: '/project',
    workDir: '/data/vms/web',
    hypervisor: new FakeHypervisor(),
    guest: new FakeGuestSession(),
    signal: new AbortController().signal,
    events: new EventRecorder(),
    log: createLogger('vmctl:test'),
    definition: { ...createDefinition(), ...definition },
    ...rest,
  };
}

/** A VM that a backend can `prepare`, but for what differs. */
export function createVmSpec(differences: Partial<VmSpec> = {}): VmSpec {
  return {
    id: 'fake-1',
    name: 'web',
    backend: 'fake',
    workDir: '/data/vms/web',
    image: { path: '/images/disk.qcow2', format: 'qcow2', virtualSize: 1024 ** 3 },
    vcpus: 1,
    memoryMb: 1024,
    firmware: 'bios',
    network: { type: 'user' },
    forwards: [],
    macAddress: '52:54:00:00:00:01',
    ...differences,
  };
}

function createDefinition(): VmDefinition {
  return {
    name: 'web',
    image: { kind: 'path', path: '/project/disk.qcow2' },
    vcpus: 1,
    memoryMb: 1024,
    diskBytes: undefined,
    backend: undefined,
    firmware: 'bios',
    dependsOn: [],
    network: { type: 'user' },
    forwards: [],
    cloudInit: undefined,
    ssh: { declared: true, user: 'vm', privateKeyPath: undefined, timeoutSeconds: 120 },
    provision: [],
    extensions: {},
  };
}
