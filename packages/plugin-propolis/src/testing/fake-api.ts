import type { InstanceState, RequestedState } from '../api/types.js';
import { type FakeAnswer, FakeRefusal, noInstance } from './fake-answer.js';
import { offsetOf } from './fake-body.js';
import { FakeInstance } from './fake-instance.js';
import type { FakeSerial } from './fake-serial.js';
import { type AcceptedSpec, acceptSpec, SpecRefused } from './spec-rules.js';

/** Bytes of the history that are given when nobody says how many. */
const HISTORY_BYTES = 16 * 1024;

export interface FakeHost {
  /** Whether there is a file or device of that path for a disk. Default: all are there. */
  readonly hasFile?: ((path: string) => boolean) | undefined;
  /** Whether there is a VNIC of that name. Default: all are there. */
  readonly hasVnic?: ((name: string) => boolean) | undefined;
  /** What the guest writes when it begins to run. Default: nothing. */
  readonly greeting?: string | undefined;
}

/** What the endpoints of a fake server do with its one VM. */
export class FakeApi {
  readonly #host: FakeHost;
  readonly #serial: FakeSerial;
  readonly #holds = new Set<InstanceState>();
  #spec: AcceptedSpec | undefined;
  #instance: FakeInstance | undefined;

  constructor(host: FakeHost, serial: FakeSerial) {
    this.#host = host;
    this.#serial = serial;
  }

  get spec(): AcceptedSpec | undefined {
    return this.#spec;
  }

  get instance(): FakeInstance | undefined {
    return this.#instance;
  }

  /** Whether there is a VM that is not done with. */
  get isActive(): boolean {
    return this.#instance !== undefined && this.#instance.state !== 'Destroyed';
  }

  hold(state: InstanceState): void {
    this.#holds.add(state);
  }

  release(state: InstanceState): void {
    this.#holds.delete(state);
    this.#instance?.goOn();
  }

  describe(): { readonly properties: unknown; readonly state: InstanceState } {
    if (this.#instance === undefined || this.#spec === undefined) throw noInstance();
    return { properties: this.#spec.properties, state: this.#instance.state };
  }

  ensure(body: unknown, major: number): void {
    if (this.#instance !== undefined) {
      throw new FakeRefusal(409, 'instance already initialized', 'AlreadyInitialized');
    }
    let accepted: AcceptedSpec;
    try {
      accepted = acceptSpec(body, major);
    } catch (error) {
      if (error instanceof SpecRefused) throw new FakeRefusal(400, error.message);
      throw error;
    }
    const { hasFile = () => true, hasVnic = () => true } = this.#host;
    const missing = accepted.files.find(({ path }) => !hasFile(path));
    if (missing !== undefined) {
      throw new Error(`VM initialization failed: ${missing.path}: No such file or directory (os error 2)`);
    }
    const vnic = accepted.vnics.find((name) => !hasVnic(name));
    if (vnic !== undefined) throw new Error(`VM initialization failed: no VNIC ${vnic}`);
    this.#spec = accepted;
    this.#instance = new FakeInstance({
      holds: this.#holds,
      onRun: () => this.#serial.say(Buffer.from(this.#host.greeting ?? '')),
      onStop: () => this.#serial.hangUp({ code: 1001, reason: 'VM stopped' }),
    });
  }

  requestState(wanted: unknown): void {
    if (wanted !== 'Run' && wanted !== 'Stop' && wanted !== 'Reboot') {
      throw new FakeRefusal(400, `unable to parse JSON body: unknown variant ${JSON.stringify(wanted)}`);
    }
    const answer = this.#instance?.request(wanted satisfies RequestedState) ?? 'not-active';
    if (answer === 'not-active') throw noInstance();
    if (answer !== 'accepted') {
      throw new FakeRefusal(403, 'Forbidden', `instance state change not allowed: ${answer.denied}`);
    }
  }

  async monitor(body: unknown, signal: AbortSignal): Promise<FakeAnswer> {
    const gen = typeof body === 'object' && body !== null && 'gen' in body ? body.gen : undefined;
    if (typeof gen !== 'number' || !Number.isSafeInteger(gen) || gen < 0) {
      throw new FakeRefusal(400, 'unable to parse JSON body: missing field `gen`');
    }
    if (this.#instance === undefined) throw noInstance();
    const observed = await this.#instance.observe(gen, signal);
    if (observed === undefined) {
      throw new FakeRefusal(410, `No instance present; will never reach generation ${gen}`, 'NoInstance');
    }
    return { status: 200, body: { ...observed, migration: { migration_in: null, migration_out: null } } };
  }

  history(query: URLSearchParams): FakeAnswer {
    if (!this.isActive) throw noInstance();
    const offset = offsetOf(query);
    if (offset === undefined) {
      throw new FakeRefusal(400, "Exactly one of 'from_start' or 'most_recent' must be specified.");
    }
    const max = query.get('max_bytes');
    try {
      const { data, end } = this.#serial.buffer.read(offset, max === null ? HISTORY_BYTES : Number(max));
      return { status: 200, body: { data: [...data], last_byte_offset: end } };
    } catch (error) {
      throw new FakeRefusal(400, error instanceof Error ? error.message : String(error));
    }
  }
}
