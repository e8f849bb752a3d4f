import type { ContributionKind } from '../plugins/catalog.js';
import { CORE_TAP, type VmctlHooks } from '../plugins/hooks.js';

/** Taps what core itself contributes under names that a plugin could have brought; says which names these are. */
export function tapBuiltIns(
  hooks: VmctlHooks,
  options: {
    readonly sshAddress: string | undefined;
    readonly env?: Readonly<Record<string, string | undefined>> | undefined;
    readonly homeDir?: string | undefined;
  },
): Readonly<Record<ContributionKind, readonly string[]>> {
  hooks.hypervisor.for('noop').tapPromise(CORE_TAP, async () => {
    const { NoopBackend } = await import('../hypervisor/noop-backend.js');
    return new NoopBackend({ sshAddress: options.sshAddress });
  });
  hooks.imageSource.for('file').tapPromise(CORE_TAP, async () => {
    const { FileImageSource } = await import('../images/file-source.js');
    return new FileImageSource();
  });
  for (const scheme of ['http', 'https']) {
    hooks.imageSource.for(scheme).tapPromise(CORE_TAP, async (context) => {
      const { HttpImageSource } = await import('../images/http-source.js');
      return new HttpImageSource(scheme, { log: context.log });
    });
  }
  hooks.imageSource.for('oci').tapPromise(CORE_TAP, async (context) => {
    const { OciImageSource } = await import('../images/oci-source.js');
    return new OciImageSource({ log: context.log, env: options.env, homeDir: options.homeDir });
  });
  return {
    hypervisors: ['noop'],
    provisioners: [],
    imageSources: ['file', 'http', 'https', 'oci'],
    vmNodes: [],
  };
}
