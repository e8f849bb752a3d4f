import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web'));
  await project.vmctl('up');
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

describe('vmctl wait', () => {
  it('logs in with what the VM was brought up with, and says how', async () => {
    const { code, stdout } = await project.vmctl('wait');
    expect(code).toBe(0);
    expect(stdout).toContain(`ssh ${project.sshd.user}@127.0.0.1:${project.sshd.port}`);
    expect(stdout).toMatch(/✓ web is ready/);
  });

  it('gives up on a guest that refuses the login', async () => {
    const { code, stdout } = await project.vmctl('wait', 'web', '--user', 'nobody-here', '--timeout', '5');
    expect(code).toBe(1);
    expect(stdout).toContain('VMCTL_GUEST_NOT_READY');
    expect(stdout).toContain('The check "login works" did not pass');
  });

  it(
    'waits in one terminal for what is done in another',
    async () => {
      const waiting = project.start(['wait', 'web', '--for', 'stopped', '--json']);
      await waiting.output(/run\.started/);
      await project.vmctl('stop', 'web');
      const { code, stdout } = await waiting.done;
      expect(code).toBe(0);
      expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        type: 'run.finished',
        operation: 'wait',
        vms: [{ vm: 'web', outcome: 'stopped' }],
      });
    },
    LIMIT,
  );

  it('exits with 1 when the time is over, and with 130 after Ctrl-C', async () => {
    expect(await project.vmctl('wait', '--for', 'running', '--timeout', '0')).toMatchObject({ code: 1 });
    const waiting = project.start(['wait', '--for', 'running', '--json']);
    await waiting.output(/run\.started/);
    waiting.kill('SIGINT');
    expect(await waiting.done).toMatchObject({ code: 130 });
  });

  it('says which words --for takes', async () => {
    const { code, stderr } = await project.vmctl('wait', '--for', 'gone');
    expect(code).toBe(2);
    expect(stderr).toContain('ready, running, stopped');
  });
});
