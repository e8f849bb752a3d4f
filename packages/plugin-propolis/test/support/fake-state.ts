/** A dataset of the fake host. */
export interface FakeDataset {
  readonly type: 'filesystem' | 'volume' | 'snapshot';
  /** Bytes; of a volume. */
  readonly volsize?: number;
  readonly origin?: string;
  /** User properties. */
  readonly properties: Readonly<Record<string, string>>;
}

/** All that the fake host remembers. */
export interface FakeState {
  readonly pools: readonly string[];
  readonly datasets: Record<string, FakeDataset>;
  readonly physicalLinks: readonly string[];
  readonly vnics: Record<
    string,
    { readonly over: string; readonly mac: string; readonly isTemporary: boolean }
  >;
  /** What the ARP table says: addresses by MAC address, padded. */
  readonly neighbours: Record<string, string>;
  /** Commands that fail as often as said: their lines begin so. */
  readonly faults: { readonly line: string; readonly stderr: string; times: number }[];
  /** Numbers given to MAC addresses so far. */
  macs: number;
}

/** What a command left. */
export interface FakeResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of the fake host: changes the state, or throws {@link FakeFailure}. */
export type FakeTool = (args: readonly string[], state: FakeState, directory: string) => string;

/** A tool that gives up, with what it says. */
export class FakeFailure extends Error {
  readonly exitCode: number;

  constructor(stderr: string, exitCode = 1) {
    super(stderr);
    this.exitCode = exitCode;
  }
}
