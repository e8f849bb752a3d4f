import { describe, expect, it } from '@jest/globals';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import { loginPause } from '../../../src/guest/login-pause.js';

const refused = new VmctlError('VMCTL_GUEST_AUTH_FAILED', { message: 'no' });
const changed = new VmctlError('VMCTL_GUEST_HOST_KEY_CHANGED', { message: 'no' });
const broken = new VmctlError('VMCTL_GUEST_UNREACHABLE', { message: 'no' });

describe('loginPause', () => {
  it.each(['SSH-2.0-OpenSSH_9.2p1 Debian-2', 'SSH-2.0-OpenSSH_8.4p1', 'SSH-2.0-dropbear_2022.83'])(
    'adds little to the wait with %s',
    (server) => {
      for (const error of [refused, changed, broken]) {
        expect(loginPause({ error, server, failures: 50 })).toBeLessThanOrEqual(100);
      }
    },
  );

  it.each(['SSH-2.0-OpenSSH_9.8', 'SSH-2.0-OpenSSH_9.9p1 Ubuntu-3', 'SSH-2.0-OpenSSH_10.0p2 Debian-7'])(
    'keeps the penalties of %s below the 15 seconds at which it shuts us out',
    (server) => {
      for (const [error, penalty] of [
        [refused, 5_000],
        [changed, 1_000],
      ] as const) {
        let sum = 0;
        for (let failures = 1; failures <= 100; failures++) {
          sum += penalty;
          expect(sum).toBeLessThan(15_000.5);
          sum = Math.max(0, sum - loginPause({ error, server, failures }));
        }
      }
    },
  );

  it('does not hold back where nothing was refused', () => {
    expect(loginPause({ error: broken, server: 'SSH-2.0-OpenSSH_9.9', failures: 9 })).toBeLessThanOrEqual(
      100,
    );
  });
});
