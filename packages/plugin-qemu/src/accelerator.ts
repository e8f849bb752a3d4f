import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import { tryBoot, type BootTrial } from './boot-sector.js';
import { ProbeCache } from './probe-cache.js';
import type { QemuBinary } from './qemu-binary.js';
import { readSettings } from './settings.js';
import { codeOf } from './thrown.js';

/** With what guests run, and why it is not KVM. */
export type Accelerator =
  | { readonly name: 'kvm' }
  | {
      readonly name: 'tcg';
      readonly reason: 'missing' | 'permission' | 'unusable' | 'foreign' | 'chosen';
      /** A sentence for people. */
      readonly detail: string;
      /** What to do about it. */
      readonly hint: string | undefined;
    };

const PROBE_TIMEOUT_MS = 5_000;

export interface AcceleratorOptions {
  readonly device?: string | undefined;
  readonly architecture?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly bootIdFile?: string | undefined;
}

/**
 * Finds out whether KVM works by running a guest, once for each QEMU and each boot of the host.
 *
 * What can be seen without running anything (no device, no permission) is looked at every time, so that a user who
 * was just added to the group is not told yesterday's answer.
 */
export class AcceleratorProbe {
  readonly #host: PluginHost;
  readonly #device: string;
  readonly #architecture: string;
  readonly #timeoutMs: number;
  readonly #bootIdFile: string;
  readonly #cache: ProbeCache;
  /** Trials under way or done in this process, by key. */
  readonly #trials = new Map<string, Promise<BootTrial>>();

  constructor(host: PluginHost, options: AcceleratorOptions = {}) {
    this.#host = host;
    this.#device = options.device ?? '/dev/kvm';
    this.#architecture = options.architecture ?? process.arch;
    this.#timeoutMs = options.timeoutMs ?? PROBE_TIMEOUT_MS;
    this.#bootIdFile = options.bootIdFile ?? '/proc/sys/kernel/random/boot_id';
    this.#cache = new ProbeCache(join(host.paths.cacheDir, 'qemu-accelerator.json'), host);
  }

  /**
   * The accelerator for guests of that QEMU.
   *
   * @param options.fresh - ask the hardware, whatever the cache says
   */
  async choose(qemu: QemuBinary, options: { readonly fresh?: boolean } = {}): Promise<Accelerator> {
    const { accelerator: wanted } = await readSettings(this.#host);
    if (wanted === 'kvm') return { name: 'kvm' };
    if (wanted === 'tcg') {
      return {
        name: 'tcg',
        reason: 'chosen',
        detail: 'the setting backends.qemu.accelerator asks for it',
        hint: undefined,
      };
    }
    const found = await this.#obstacle();
    if (found !== undefined) return found;
    const trial = await this.#trial(qemu, options.fresh === true);
    if (trial.ran) return { name: 'kvm' };
    return {
      name: 'tcg',
      reason: 'unusable',
      detail: `${this.#device} is there, but does not run a guest: ${trial.why}`,
      hint: 'Where this machine is itself a virtual one, switch on nested virtualisation for it; `vmctl doctor` tries again.',
    };
  }

  /**
   * What an answer about KVM is good for: the program, this boot, and the device; a reloaded kernel module makes a new
   * one.
   */
  async keyOf(qemu: QemuBinary): Promise<string> {
    const bootId = await readFile(this.#bootIdFile, 'utf8').catch(() => '');
    const device = await stat(this.#device).catch(() => undefined);
    return [qemu.fingerprint, bootId.trim(), device?.ctimeMs ?? 0].join('|');
  }

  /** What keeps KVM from being tried at all. */
  async #obstacle(): Promise<Accelerator | undefined> {
    if (this.#architecture !== 'x64') {
      return {
        name: 'tcg',
        reason: 'foreign',
        detail: `the processor (${this.#architecture}) is another than the guest's (x86-64)`,
        hint: undefined,
      };
    }
    try {
      await access(this.#device, constants.R_OK | constants.W_OK);
      return undefined;
    } catch (error) {
      return obstacle(this.#device, codeOf(error));
    }
  }

  /** Many VMs may start at once; they share one trial. */
  async #trial(qemu: QemuBinary, fresh: boolean): Promise<BootTrial> {
    const key = await this.keyOf(qemu);
    const known = this.#trials.get(key);
    if (known !== undefined && !fresh) return known;
    const trial = this.#load(key, qemu, fresh);
    this.#trials.set(key, trial);
    try {
      return await trial;
    } catch (error) {
      this.#trials.delete(key);
      throw error;
    }
  }

  async #load(key: string, qemu: QemuBinary, fresh: boolean): Promise<BootTrial> {
    if (!fresh) {
      const remembered = await this.#cache.read(key);
      if (remembered !== undefined) return remembered;
    }
    const trial = await tryBoot({
      exec: this.#host.exec,
      qemu: qemu.path,
      accelerator: 'kvm',
      timeoutMs: this.#timeoutMs,
    });
    this.#host.log.debug('kvm trial', trial);
    await this.#cache.write(key, trial);
    return trial;
  }
}

/** What it means that the device cannot be opened; `code` is the system's. */
export function obstacle(device: string, code: string | undefined): Extract<Accelerator, { name: 'tcg' }> {
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      name: 'tcg',
      reason: 'permission',
      detail: `this user may not use ${device}`,
      hint: 'Run: sudo usermod -aG kvm "$USER"   and log in again.',
    };
  }
  return {
    name: 'tcg',
    reason: 'missing',
    detail: `there is no ${device}`,
    hint:
      'Run: sudo modprobe kvm_intel   (or kvm_amd). If that fails, switch on virtualisation in the ' +
      'firmware setup of this machine, or nested virtualisation where it is itself a virtual one.',
  };
}
