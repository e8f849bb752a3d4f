import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { arp } from './fake-arp.js';
import { dladm } from './fake-dladm.js';
import { qemuImg } from './fake-qemu-img.js';
import { FakeFailure, type FakeResult, type FakeState, type FakeTool } from './fake-state.js';
import { zfs } from './fake-zfs.js';
import { zoneadm } from './fake-zoneadm.js';

const TOOLS: Readonly<Record<string, FakeTool>> = { zfs, dladm, zoneadm, arp, 'qemu-img': qemuImg };
const LOCK_STALE_MS = 20_000;
const LOCK_PAUSE_MS = 2;

/**
 * The parts of an illumos host that the backend asks for, with their state in a directory, which any number of processes
 * share. Arguments are checked as strictly as the real tools do it, and a little more: what would destroy recursively is
 * refused.
 */
export class FakeIllumos {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes an empty host with a pool `rpool` and one link, `net0`. */
  static create(directory: string): FakeIllumos {
    mkdirSync(directory, { recursive: true });
    const fake = new FakeIllumos(directory);
    fake.#write({
      pools: ['rpool'],
      datasets: { rpool: { type: 'filesystem', properties: {} } },
      physicalLinks: ['net0'],
      vnics: {},
      neighbours: {},
      faults: [],
      macs: 0,
    });
    return fake;
  }

  static get tools(): readonly string[] {
    return Object.keys(TOOLS);
  }

  get state(): FakeState {
    return this.#read();
  }

  /** Every command so far, as one line each. */
  get commands(): readonly string[] {
    try {
      return readFileSync(join(this.directory, 'commands.log'), 'utf8').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  }

  /** Changes the state from outside, as an administrator would. */
  change(work: (state: FakeState) => void): void {
    this.#locked(() => {
      const state = this.#read();
      work(state);
      this.#write(state);
    });
  }

  /** Lets commands that begin so fail, once or more often. */
  fail(line: string, stderr: string, times = 1): void {
    this.change(({ faults }) => void faults.push({ line, stderr, times }));
  }

  /** Where the content of a volume is on this host. */
  device(dataset: string): string {
    return join(this.directory, 'dev/zvol/rdsk', dataset);
  }

  /** Runs a command. */
  run(tool: string, args: readonly string[]): FakeResult {
    const work = TOOLS[tool];
    if (work === undefined) throw new RangeError(`the fake host has no ${tool}`);
    const line = [tool, ...args].join(' ');
    appendFileSync(join(this.directory, 'commands.log'), `${line}\n`);
    try {
      // Converting takes long: others go on meanwhile, as on a real host.
      if (tool === 'qemu-img') {
        this.#mayFail(line);
        return { exitCode: 0, stdout: work(args, this.#read(), this.directory), stderr: '' };
      }
      return this.#locked(() => {
        this.#mayFail(line);
        const state = this.#read();
        const stdout = work(args, state, this.directory);
        this.#write(state);
        return { exitCode: 0, stdout, stderr: '' };
      });
    } catch (error) {
      if (!(error instanceof FakeFailure)) throw error;
      return { exitCode: error.exitCode, stdout: '', stderr: `${error.message}\n` };
    }
  }

  #mayFail(line: string): void {
    const state = this.#read();
    const fault = state.faults.find((each) => line.startsWith(each.line) && each.times > 0);
    if (fault === undefined) return;
    fault.times -= 1;
    this.#write(state);
    throw new FakeFailure(fault.stderr);
  }

  #read(): FakeState {
    // Written by this class alone.
    return JSON.parse(readFileSync(this.#file, 'utf8')) as FakeState;
  }

  #write(state: FakeState): void {
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, JSON.stringify(state, undefined, 2));
    renameSync(partial, this.#file);
  }

  get #file(): string {
    return join(this.directory, 'state.json');
  }

  #locked<T>(work: () => T): T {
    const lock = join(this.directory, 'lock');
    for (;;) {
      try {
        mkdirSync(lock);
        break;
      } catch {
        // A command that was killed leaves its lock.
        if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS);
      }
    }
    try {
      return work();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

function isStale(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS;
  } catch {
    return false;
  }
}
