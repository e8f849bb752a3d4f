import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { HypervisorContext, VmHandle, VmSpec, VmState } from '@vmctl/core/plugin';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.ts';
import { MemoryEngine } from '../support/memory-engine.ts';
import type { MemoryFactory } from '../support/memory-subject.ts';

/** A backend with one defect, and the check that has to find it. */
export interface HypervisorDefect {
  /** Goes on after "a backend that". */
  readonly name: string;
  readonly check: string;
  /** What the failure says. */
  readonly says: RegExp;
  readonly create: MemoryFactory;
}

type BackendClass = new (...args: ConstructorParameters<typeof MemoryBackend>) => MemoryBackend;
type Stop = { readonly timeoutMs: number };

const defect = (name: string, check: string, says: RegExp, Backend: BackendClass): HypervisorDefect => ({
  name,
  check,
  says,
  create: (host, engine) => new Backend(host, engine),
});

/** A signal that nobody aborts. */
const deaf = (ctx: HypervisorContext): HypervisorContext => ({
  ...ctx,
  signal: new AbortController().signal,
});

let instances = 0;

const shape: readonly HypervisorDefect[] = [
  defect(
    'supports something else in every instance',
    'supports-is-data',
    /another instance supports something else/,
    class extends MemoryBackend {
      override readonly supports = { ...MEMORY_SUPPORTS, forwards: (instances += 1) % 2 === 0 };
    },
  ),
  defect(
    'forgets how much memory was asked for',
    'prepare-describes-the-vm',
    /something else than the specification/,
    class extends MemoryBackend {
      override describeHandle(spec: VmSpec) {
        return { ...super.describeHandle(spec), memory_mb: 1 };
      }
    },
  ),
  defect(
    'writes beside the work directory',
    'prepare-stays-in-the-work-directory',
    /outside of what the VM owns/,
    class extends MemoryBackend {
      override async make(spec: VmSpec, ctx: HypervisorContext) {
        await writeFile(`${dirname(spec.workDir)}/stray`, '');
        await super.make(spec, ctx);
      }
    },
  ),
  defect(
    'writes the process into the handle that it was given',
    'no-argument-is-changed',
    /start has changed what it was given/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return Object.assign(vm, await super.start(vm, ctx));
      }
    },
  ),
];

const handles: readonly HypervisorDefect[] = [
  defect(
    'puts a Date into the handle',
    'handles-survive-json',
    /prepare does not survive JSON: made is an object of a class/,
    class extends MemoryBackend {
      override describeHandle(spec: VmSpec) {
        return { ...super.describeHandle(spec), made: new Date() };
      }
    },
  ),
  defect(
    'makes the handle anew at a stop',
    'handles-keep-unknown-fields',
    /stop lost a field/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        const { x_conformance: _lost, ...rest } = await super.stop(vm, options, ctx);
        // The index signature is lost with the field.
        return rest as VmHandle;
      }
    },
  ),
  {
    name: 'remembers its VMs by itself',
    check: 'instances-share-nothing',
    says: /VMCTL_VM_WRONG_STATE|is destroyed/,
    create: (host) => new MemoryBackend(host, new MemoryEngine()),
  },
  defect(
    'trusts the handle about whether a VM runs',
    'old-handle-finds-the-vm',
    /the running VM is not seen/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        const state = await super.state(vm, ctx);
        return state.name === 'running' && vm.pid === null ? { name: 'prepared' } : state;
      }
    },
  ),
];

const lifeCycle: readonly HypervisorDefect[] = [
  defect(
    'calls a stopped VM prepared',
    'states-follow-the-calls',
    /after stop the VM is prepared/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        const state = await super.state(vm, ctx);
        return state.name === 'stopped' ? { name: 'prepared' } : state;
      }
    },
  ),
  defect(
    'leaves the process in the handle at a stop',
    'handles-follow-the-process',
    /after stop, `pid` is null/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        return { ...(await super.stop(vm, options, ctx)), pid: vm.pid };
      }
    },
  ),
  defect(
    'restarts a VM that runs',
    'start-of-a-running-vm',
    /the second start has changed the handle/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'running') await this.engine.kill(vm.id);
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'fails with a bare Error where a VM is gone',
    'start-of-a-destroyed-vm',
    /must fail with an error of host\.error/,
    class extends MemoryBackend {
      override wrongState() {
        return new Error('no such VM');
      }
    },
  ),
  defect(
    'does not suspend',
    'suspend-and-resume',
    /after the first suspend the VM is running/,
    class extends MemoryBackend {
      override async suspend(vm: VmHandle) {
        return vm;
      }
    },
  ),
  defect(
    'says that it has suspended what does not run',
    'suspend-needs-a-running-vm',
    /suspend of a VM that was never started has succeeded/,
    class extends MemoryBackend {
      override async suspend(vm: VmHandle) {
        return vm;
      }
    },
  ),
  defect(
    'does not stop a suspended VM',
    'suspended-vm-stops',
    /after stop the VM is suspended/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        return this.engine.stateOf(vm.id) === 'suspended' ? vm : super.stop(vm, options, ctx);
      }
    },
  ),
];

const ending: readonly HypervisorDefect[] = [
  defect(
    'refuses to stop what does not run',
    'stop-is-idempotent',
    /cannot stop/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) !== 'running') throw this.wrongState(vm, 'stop');
        return super.stop(vm, options, ctx);
      }
    },
  ),
  defect(
    'waits for ever for a guest',
    'stop-ends-by-force',
    /stop of memory did not end within 2 s/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, { timeoutMs }: Stop, ctx: HypervisorContext) {
        if (timeoutMs === 50) return new Promise<never>(() => undefined);
        return super.stop(vm, { timeoutMs }, ctx);
      }
    },
  ),
  defect(
    'uses force at once',
    'stop-asks-the-guest',
    /the guest was ended by force/,
    class extends MemoryBackend {
      override stop(vm: VmHandle, _options: Stop, ctx: HypervisorContext) {
        return super.stop(vm, { timeoutMs: 0 }, ctx);
      }
    },
  ),
  defect(
    'destroys a VM only once',
    'destroy-is-idempotent',
    /cannot destroy/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'destroyed') throw this.wrongState(vm, 'destroy');
        await super.destroy(vm, ctx);
      }
    },
  ),
  defect(
    'removes the files of core',
    'destroy-removes-what-was-made',
    /must hold what core put into it/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        await super.destroy(vm, ctx);
        await rm(`${vm.work_dir}/seed.iso`, { force: true });
      }
    },
  ),
  defect(
    'leaves the disk of a VM that it ended',
    'destroy-ends-a-running-vm',
    /must hold what core put into it/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        const ran = this.engine.stateOf(vm.id) === 'running';
        await super.destroy(vm, ctx);
        if (ran) await writeFile(`${vm.work_dir}/disk`, 'a disk');
      }
    },
  ),
  defect(
    'passes over suspended VMs when it destroys',
    'destroy-ends-a-suspended-vm',
    /after destroy the VM is suspended/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'suspended') return;
        await super.destroy(vm, ctx);
      }
    },
  ),
  defect(
    'lets VMs write to the image',
    'image-is-never-written',
    /the image has changed/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        await writeFile(`${dirname(dirname(vm.work_dir))}/images/empty.img`, 'written');
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'believes for ever that what it has started runs',
    'crash-is-seen',
    /after a crash the VM is running/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        return vm.pid === null ? super.state(vm, ctx) : { name: 'running', pid: vm.pid };
      }
    },
  ),
  defect(
    'does not start again what has crashed',
    'crash-can-be-survived',
    /cannot start after a crash/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.machines.get(vm.id)?.ended === 'by force') {
          throw this.wrongState(vm, 'start after a crash');
        }
        return super.start(vm, ctx);
      }
    },
  ),
];

const refusals: readonly HypervisorDefect[] = [
  defect(
    'takes any network',
    'refuses-networks',
    /accepts network "tap"/,
    class extends MemoryBackend {
      override refuse() {}
    },
  ),
  defect(
    'has written the disk when it refuses the firmware',
    'refuses-firmware',
    /did something before it refused/,
    class extends MemoryBackend {
      override async prepare(spec: VmSpec, ctx: HypervisorContext) {
        await this.host.files.writeAtomic(`${spec.workDir}/disk`, 'a disk');
        return super.prepare(spec, ctx);
      }
    },
  ),
  defect(
    'has another code for what it does not support',
    'refuses-image-formats',
    /must fail with VMCTL_BACKEND_UNSUPPORTED/,
    class extends MemoryBackend {
      override unsupported(vm: string) {
        return this.host.error('MEMORY_CANNOT', { message: vm, hint: 'Give up.' });
      }
    },
  ),
  defect(
    'gives no hint when it refuses forwards',
    'refuses-forwards',
    /has no hint/,
    class extends MemoryBackend {
      override unsupported(vm: string) {
        return this.host.error('VMCTL_BACKEND_UNSUPPORTED', { message: vm });
      }
    },
  ),
  defect(
    'suspends although it says that it cannot',
    'refuses-suspend',
    /suspend does something/,
    class extends MemoryBackend {
      override readonly supports = { ...MEMORY_SUPPORTS, suspend: false };

      override async move(vm: VmHandle) {
        return vm;
      }
    },
  ),
];

const trouble: readonly HypervisorDefect[] = [
  defect(
    'does not look at the signal before it prepares',
    'aborted-before-prepare',
    /prepare goes on although it was aborted/,
    class extends MemoryBackend {
      override prepare(spec: VmSpec, ctx: HypervisorContext) {
        return super.prepare(spec, deaf(ctx));
      }
    },
  ),
  defect(
    'does not look at the signal before it destroys',
    'aborted-before-other-calls',
    /destroy goes on although it was aborted/,
    class extends MemoryBackend {
      override destroy(vm: VmHandle, ctx: HypervisorContext) {
        return super.destroy(vm, deaf(ctx));
      }
    },
  ),
  defect(
    'leaves its files when prepare is aborted late',
    'abort-of-prepare-at-any-moment',
    /has left something behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves its files when prepare is aborted between two steps',
    'abort-of-prepare-at-each-host-call',
    /prepare, aborted at files\.writeAtomic, has left something behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when start is aborted late',
    'abort-of-start-at-any-moment',
    /the VM is running, and should be prepared or stopped/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
  defect(
    'hides the reason of an abort',
    'abort-of-start-at-each-host-call',
    /must reject with the reason of the abort/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return super.start(vm, ctx).catch((error: unknown) => {
          throw this.host.error('MEMORY_START_FAILED', {
            message: `${vm.name} did not start.`,
            cause: error,
          });
        });
      }
    },
  ),
  defect(
    'cannot be interrupted while it waits for a guest',
    'abort-of-stop',
    /an aborted stop of memory did not end within 2 s/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        if (options.timeoutMs > 60_000) return new Promise<never>(() => undefined);
        return super.stop(vm, options, ctx);
      }
    },
  ),
  defect(
    'writes its files past the host',
    'host-calls-are-used',
    /make no call of exec, disks, ports, sockets or files/,
    class extends MemoryBackend {
      constructor(...[host, engine]: ConstructorParameters<typeof MemoryBackend>) {
        const files = {
          writeAtomic: (path: string, content: string | Uint8Array) => writeFile(path, content),
        };
        super({ ...host, files, sockets: { shortPath: async (path) => path } }, engine);
      }
    },
  ),
  defect(
    'leaves what it made when the host fails in prepare',
    'failure-of-prepare-at-each-host-call',
    /files\.writeAtomic \(call 2 of prepare\) fails, and files are left behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when the host fails in start',
    'failure-of-start-at-each-host-call',
    /lets files\.writeAtomic fail.*the VM is running/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
  defect(
    'leaves what it made when its engine fails in prepare',
    'failure-of-prepare-at-each-fault-point',
    /the engine fails in prepare during prepare, and files are left behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when its engine fails in start',
    'failure-of-start-at-each-fault-point',
    /the engine fails in start during start; after that the VM is running/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
];

const others: readonly HypervisorDefect[] = [
  defect(
    'gives every VM the same process',
    'several-vms-at-once',
    /two VMs have one process/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return { ...(await super.start(vm, ctx)), pid: 1 };
      }
    },
  ),
  defect(
    'stops all VMs with one',
    'vms-end-one-by-one',
    /after the end of the others the VM is stopped/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        for (const [id, { workDir, pid }] of this.engine.machines) {
          if (pid !== null && dirname(workDir) === dirname(vm.work_dir)) await this.engine.kill(id);
        }
        return super.stop(vm, options, ctx);
      }
    },
  ),
  defect(
    'has one console for all VMs',
    'instances-work-side-by-side',
    /two VMs have one console/,
    class extends MemoryBackend {
      override console() {
        return { kind: 'unix-socket', path: '/run/memory/console.sock' } as const;
      }
    },
  ),
  defect(
    'cannot be asked for a state while a VM starts',
    'looking-on-disturbs-nothing',
    /busy/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext) {
        const machine = this.engine.machines.get(vm.id);
        if (machine?.booted === false) throw new Error('busy');
        return super.state(vm, ctx);
      }
    },
  ),
  defect(
    'says that its guests are at port 0',
    'guest-address-is-usable',
    /0 is no TCP port/,
    class extends MemoryBackend {
      override async guestAddress() {
        return { kind: 'tcp', host: '127.0.0.1', port: 0, source: 'guessed' } as const;
      }
    },
  ),
  defect(
    'has an address for VMs without a network',
    'no-network-no-address',
    /a VM without a network has an address/,
    class extends MemoryBackend {
      override async guestAddress() {
        return { kind: 'tcp', host: '127.0.0.1', port: 22, source: 'guessed' } as const;
      }
    },
  ),
  defect(
    'promises a console and has none',
    'console-is-what-supports-says',
    /the console is of another kind/,
    class extends MemoryBackend {
      // What a type would forbid is what a plugin in JavaScript can do.
      override console = (() => ({ kind: 'none', reason: 'not yet' })) as never;
    },
  ),
  defect(
    'names a console at which nobody answers',
    'console-answers-while-running',
    /nobody answers at the console/,
    class extends MemoryBackend {
      override console(vm: VmHandle) {
        return { kind: 'unix-socket', path: `${vm.work_dir}/${basename(vm.work_dir)}.sock` } as const;
      }
    },
  ),
  defect(
    'emits what is core’s',
    'events-are-well-formed',
    /a backend emits warnings and progress/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        ctx.events.emit({ type: 'stage.started', vm: vm.name, stage: 'start' });
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'describes itself at length',
    'description-is-one-line',
    /more than one line/,
    class extends MemoryBackend {
      override async describe() {
        return 'memory\nand much more';
      }
    },
  ),
  defect(
    'finds two things under one id',
    'diagnosis-is-well-formed',
    /two findings have one id/,
    class extends MemoryBackend {
      override async diagnose() {
        const finding = { id: 'memory', status: 'ok', title: 'There is memory' } as const;
        return [finding, finding];
      }
    },
  ),
];

/** At least one for each check. */
export const hypervisorDefects: readonly HypervisorDefect[] = [
  ...shape,
  ...handles,
  ...lifeCycle,
  ...ending,
  ...refusals,
  ...trouble,
  ...others,
];
