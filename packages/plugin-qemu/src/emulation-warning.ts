import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HypervisorContext, PluginHost } from '@vmctl/core/plugin';
import type { Accelerator, AcceleratorProbe } from './accelerator.js';
import { readOwnFile } from './own-file.js';
import type { QemuBinary } from './qemu-binary.js';

type Emulation = Extract<Accelerator, { name: 'tcg' }>;

/**
 * Says in full why guests are emulated: once for each QEMU, boot of the host, and reason, however many commands start
 * VMs. The line of the stage `start` says it in a word every time.
 */
export class EmulationWarning {
  readonly #host: Pick<PluginHost, 'files' | 'log'>;
  readonly #probe: Pick<AcceleratorProbe, 'keyOf'>;
  /** The key of what was said last. */
  readonly #path: string;
  /** What this process has said, or knows to have been said. */
  readonly #said = new Set<string>();

  constructor(host: Pick<PluginHost, 'files' | 'log' | 'paths'>, probe: Pick<AcceleratorProbe, 'keyOf'>) {
    this.#host = host;
    this.#probe = probe;
    this.#path = join(host.paths.cacheDir, 'qemu-emulation-warning.json');
  }

  async say(emulation: Emulation, qemu: QemuBinary, ctx: HypervisorContext): Promise<void> {
    const { reason, detail, hint } = emulation;
    if (reason === 'chosen') return;
    const key = `${await this.#probe.keyOf(qemu)}|${reason}`;
    if (this.#said.has(key)) return;
    // Before anything is waited for: many VMs may start at once.
    this.#said.add(key);
    if ((await this.#lastSaid()) === key) return;
    ctx.events.emit({
      type: 'warning',
      vm: undefined,
      code: 'VMCTL_QEMU_NO_KVM',
      message: `Guests are emulated, which is many times slower than KVM: ${detail}.`,
      hint,
    });
    await this.#remember(key);
  }

  async #lastSaid(): Promise<unknown> {
    try {
      const { key }: { readonly key?: unknown } = JSON.parse(await readOwnFile(this.#path));
      return key;
    } catch {
      return undefined;
    }
  }

  /** What cannot be remembered is said again. */
  async #remember(key: string): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await this.#host.files.writeAtomic(this.#path, JSON.stringify({ key }));
    } catch (error) {
      this.#host.log.debug('that the warning of emulation was said is not kept', error);
    }
  }
}
