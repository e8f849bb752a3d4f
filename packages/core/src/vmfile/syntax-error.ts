import type { VmctlError } from '../errors/vmctl-error.js';
import { invalidVmFile } from './invalid-vmfile.js';
import type { KdlFailure } from './kdl-tree.js';
import type { SourceText } from './source-text.js';
import { explainSyntax } from './syntax-problems.js';

/** A text that is not KDL 2. */
export interface UnreadableKdl {
  /** What the file is called in messages; absolute, if it is one. */
  readonly path: string;
  readonly source: SourceText;
  readonly failure: KdlFailure;
}

/** The error VMCTL_VMFILE_INVALID for a text that is not KDL, with the place of every fault. */
export function syntaxError({ path, source, failure }: UnreadableKdl): VmctlError {
  const { problems, isKdl1 } = explainSyntax(source, failure);
  const hint = isKdl1
    ? 'This is KDL 1, and vmctl reads KDL 2: #true instead of true, #"…"# instead of r"…", and """ around text of several lines.'
    : undefined;
  return invalidVmFile({ path, source, problems, hint });
}
