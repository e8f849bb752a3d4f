import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tinyDisk } from '../support/noop-project.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
}, LIMIT);
afterAll(async () => {
  await home.remove();
}, LIMIT);

describe('vmctl create', () => {
  it('makes and starts a VM from flags alone', async () => {
    const flags =
      '--name web --image disk.img --backend noop --vcpus 2 --memory 2GiB --disk 20 --firmware uefi --user admin';
    const { code, stdout, stderr } = await home.vmctl(
      ...['create', ...flags.split(' '), '--forward', '0:80', '--forward', '127.0.0.2:0:443', '--start'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/✓ web started in /);
    expect(await home.json('status', 'web')).toMatchObject({
      vms: [
        {
          state: 'running',
          vcpus: 2,
          memoryMb: 2048,
          diskGb: 20,
          firmware: 'uefi',
          forwards: [
            { address: '127.0.0.1', guest: 80 },
            { address: '127.0.0.2', guest: 443 },
          ],
          vmfile: null,
        },
      ],
    });
  });

  it.each([
    ['--image disk.img', 'name'],
    ['--name new', 'image'],
    ['--name new --image disk.img --image-url https://example.org/a.img', 'image-url'],
    ['--name web --image disk.img', 'There is a VM "web" already.'],
    ['--name new --image disk.img --memory plenty', '"memory" must be a size such as 2048 (MiB) or "2GiB"'],
    ['--name new --image disk.img --forward 80', 'Write HOST:GUEST'],
    ['--name new --image disk.img --bridge br0 --forward 1:1', 'forward'],
  ])('refuses "%s"', async (flags, message) => {
    const { code, stdout, stderr } = await home.vmctl('create', ...flags.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
