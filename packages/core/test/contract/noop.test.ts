import { describe, it } from '@jest/globals';
import { hypervisorConformance } from '@vmctl/conformance';
import { NoopBackend } from '../../src/hypervisor/noop-backend.js';

await hypervisorConformance(
  { describe, it },
  {
    create: () => new NoopBackend(),
    // It is core's own, and writes its one file itself.
    usesHost: false,
  },
);
