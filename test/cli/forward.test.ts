import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VmctlHome } from '../support/vmctl-home.js';
import { tinyDisk } from '../support/noop-project.js';

/** Against hanging only. */
const LIMIT = 120_000;

let home: VmctlHome;

beforeAll(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
  await home.write(
    'vm "web" { image "disk.img"; backend "noop"; network "user" { forward host=0 guest=8000 } }',
  );
  expect(await home.vmctl('up')).toMatchObject({ code: 0 });
}, LIMIT);

afterAll(async () => {
  await home?.remove();
}, LIMIT);

interface Change {
  readonly forward: { readonly host: number };
}

describe('vmctl forward and port', () => {
  it('add a forward, list it, and remove it', async () => {
    const { forward } = (await home.json('forward', 'add', 'web', '0:80')) as Change;
    const again = await home.vmctl('forward', 'add', 'web', '0:80');
    expect(again).toMatchObject({ code: 0, stdout: `127.0.0.1:${forward.host} -> 80 of web, as before\n` });

    const { stdout } = await home.vmctl('port', 'web');
    expect(stdout).toMatch(/^VM +STATE +HOST +GUEST +USE$/m);
    expect(stdout).toMatch(/^web +running +127\.0\.0\.1:\d+ +22 +ssh$/m);
    expect(stdout).toMatch(/^web +running +127\.0\.0\.1:\d+ +8000 +declared$/m);
    expect(stdout).toMatch(new RegExp(`^web +running +127\\.0\\.0\\.1:${forward.host} +80 +added$`, 'm'));

    const removed = await home.vmctl('forward', 'remove', String(forward.host));
    expect(removed).toMatchObject({ code: 0, stderr: '' });
    expect(removed.stdout).toContain(`${forward.host} -> 80 of web is removed`);
    const { ports } = (await home.json('port')) as { ports: { guest: number }[] };
    expect(ports.map(({ guest }) => guest)).toEqual([22, 8000]);
  });

  it('say what is wrong with a forward', async () => {
    const bad = await home.vmctl('forward', 'add', 'web', '80');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('8080:80');
    const many = await home.vmctl('forward', 'add', 'web', '1:2', '3:4');
    expect(many.code).toBe(2);
    const unknown = await home.vmctl('forward', 'remove', 'web', '9');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.stderr).toContain('VMCTL_FORWARD_UNKNOWN');
    expect((await home.vmctl('port', 'wbe')).stderr).toContain('Did you mean "web"?');
  });

  it('show the whole command with a name when there are several VMs', async () => {
    const vm = (name: string) => `vm "${name}" { image "disk.img"; backend "noop" }`;
    await home.write(`${vm('web')}\n${vm('db')}\n`);
    const { code, stderr } = await home.vmctl('forward', 'add', '8080:80');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Name one: vmctl forward add web 8080:80\n'),
    });
  });
});
