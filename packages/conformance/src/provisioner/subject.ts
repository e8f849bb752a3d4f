import type { GuestSession, Provisioner, VmctlPlugin } from '@vmctl/core/plugin';
import type { FakeGuestSession } from '@vmctl/core/testing';

/** Where the provisioner comes from: a plugin's entry, or the object itself. */
export type ProvisionerSource =
  | {
      readonly plugin: VmctlPlugin;
      /** The type that the plugin taps: `shell`. */
      readonly type: string;
    }
  | { readonly provisioner: Provisioner };

/** A step that works. */
export interface ProvisionerExample {
  /** For the names of the tests: `a template`. */
  readonly name: string;
  /** The node as it is in a VMFile: `provision "motd" { text "Hello" }`. */
  readonly vmfile: string;
  /** Scripts the guest, so that the step succeeds. By default every command exits with 0 and says nothing. */
  readonly guest?: (guest: FakeGuestSession) => void;
  /** Files of the project, by relative path, whose change makes it another step. */
  readonly dependsOn?: readonly string[];
  /** Values that must never be seen: the step hands each to `ctx.redact` before it can be printed. */
  readonly secrets?: readonly string[];
  /** Commands that may fail without failing the step: `command -v python3`. */
  readonly mayFail?: readonly (string | RegExp)[];
  /** Looks at the guest after the step, with assertions of your own. */
  readonly after?: (guest: FakeGuestSession) => void | Promise<void>;
}

/** A node that `decode` must refuse. */
export interface InvalidProvision {
  readonly name: string;
  readonly vmfile: string;
  /** What one of the problems says. */
  readonly message: string | RegExp;
  /** Where, within `vmfile`; both from 1. */
  readonly at?: { readonly line: number; readonly column: number };
}

/** A provisioner, and what the kit has to know to try it. */
export type ProvisionerSubject = ProvisionerSource & {
  readonly examples: readonly [ProvisionerExample, ...ProvisionerExample[]];
  readonly invalid?: readonly InvalidProvision[];
  /** The project: files by relative path, written to the directory of the VMFile before each check. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * A real guest for the checks that need no fake one: they run once more against it. `end` frees it.
   */
  readonly connect?: () => Promise<{ readonly guest: GuestSession; end(): Promise<void> }>;
};
