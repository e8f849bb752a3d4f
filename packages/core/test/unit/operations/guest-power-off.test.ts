import { describe, expect, it } from '@jest/globals';
import { tellToPowerOff } from '../../../src/operations/guest-power-off.js';
import { FakeGuestSession } from '../../../src/testing/fake-guest-session.js';

const { signal } = new AbortController();

describe('a guest that is told to power off', () => {
  it('is told with its own command, as root or through sudo that asks for nothing', async () => {
    const guest = new FakeGuestSession();
    await tellToPowerOff(guest, 'web', signal);
    expect(guest.commands).toHaveLength(1);
    expect(guest.commands[0]).toMatch(/exec poweroff; else exec sudo -n poweroff/);
  });

  it('may take the connection with it, or be gone in the midst of the command', async () => {
    const guest = new FakeGuestSession().on('poweroff', () => {
      guest.disconnect();
      return {};
    });
    await expect(tellToPowerOff(guest, 'web', signal)).resolves.toBeUndefined();
    const killed = new FakeGuestSession().on('poweroff', { signal: 'SIGTERM' });
    await expect(tellToPowerOff(killed, 'web', signal)).resolves.toBeUndefined();
  });

  it('may refuse, which is said in its words', async () => {
    const guest = new FakeGuestSession({ user: 'vm' }).on('poweroff', {
      exitCode: 1,
      stderr: 'sudo: a password is required\n',
    });
    await expect(tellToPowerOff(guest, 'web', signal)).rejects.toMatchObject({
      code: 'VMCTL_GUEST_PERMISSION_DENIED',
      message: 'web did not take the order to power off: sudo: a password is required',
      hint: expect.stringContaining('vm'),
    });
  });

  it('is not waited for any longer after an interruption', async () => {
    const interruption = new AbortController();
    const reason = new Error('interrupted');
    const guest = new FakeGuestSession().hang('poweroff');
    const telling = tellToPowerOff(guest, 'web', interruption.signal);
    interruption.abort(reason);
    await expect(telling).rejects.toBe(reason);
  });
});
