import type { ErrorReport } from '../../errors/error-report.js';
import type { HostFinding } from '../../hypervisor/contract.js';

/** One finding, and what vmctl itself can do about it. */
export interface DoctorFinding extends HostFinding {
  readonly group: 'plugins' | 'host' | 'state';
  /** Undefined when it is not for vmctl to mend: a package of the system, a VM, somebody's data. */
  readonly repair?: Repair | undefined;
}

/**
 * What vmctl can mend by itself. None of it ends a VM, removes a disk that was ever used, or needs other rights than the
 * user's; each can be done again, and while other commands run.
 */
export type Repair =
  /** Takes rights away; `mode` is octal: `0600`. */
  | { readonly kind: 'restrict-permissions'; readonly path: string; readonly mode: '0600' | '0700' }
  /** Frees or removes a lock that no living process is behind. */
  | { readonly kind: 'clear-lock'; readonly path: string }
  /** Removes what killed commands left of a VM that was never there. */
  | { readonly kind: 'remove-half-made-vm'; readonly vm: string }
  /** Takes back what killed commands noted about images that they would need. */
  | { readonly kind: 'remove-image-claims'; readonly vms: readonly string[] }
  /** Removes parts of downloads and images that were on their way out. */
  | { readonly kind: 'clean-image-cache' }
  /** Removes plugins of projects that no VM needs. */
  | { readonly kind: 'prune-project-plugins' }
  /** Installs packages from the registry. */
  | { readonly kind: 'install-plugins'; readonly packages: readonly string[] };

/** What became of a {@link Repair}. */
export interface RepairResult {
  readonly repair: Repair;
  /** `unneeded`: there was nothing to mend any more; `busy`: another command works on it. */
  readonly outcome: 'mended' | 'unneeded' | 'busy' | 'failed';
  /** Why it failed, as data. */
  readonly error?: ErrorReport | undefined;
}
