import type { ProvisionDefinition } from '../vmfile/model.js';
import type { Provisioner } from './contract.js';
import { fingerprint } from './fingerprint.js';
import { settle } from './settle.js';

/**
 * The digest of a step with all its inputs, which are read for it.
 *
 * @throws VMCTL_FILE_NOT_FOUND for an input that is not there; what the provisioner throws
 */
export async function stepFingerprint(
  { type, config }: ProvisionDefinition,
  provisioner: Provisioner,
  options: {
    /** Directory of the VMFile. */
    readonly baseDir: string;
    readonly signal: AbortSignal;
    /** Milliseconds that the provisioner has to end after an abort. */
    readonly abortGraceMs?: number | undefined;
  },
): Promise<string> {
  const { baseDir, signal, abortGraceMs } = options;
  const inputs = await settle(() => provisioner.inputs?.(config, { baseDir }) ?? [], {
    type,
    signal,
    abortGraceMs,
  });
  return fingerprint({ type, config, inputs }, signal);
}

/**
 * The digest of what the VMFile itself says of a step; the files that it names do not count. Undefined for a
 * configuration that cannot be compared: one that contains itself.
 */
export function definitionDigest({ type, config }: ProvisionDefinition): Promise<string | undefined> {
  return fingerprint({ type, config, inputs: [] }).catch(() => undefined);
}
