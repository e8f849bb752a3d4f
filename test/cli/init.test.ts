import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlHome } from '../support/vmctl-home.js';

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
});
beforeEach(async () => {
  await rm(join(home.project, 'VMFile.kdl'), { force: true });
});
afterAll(async () => {
  await home.remove();
});

describe('vmctl init', () => {
  it('writes a VMFile that validate and fmt have nothing to say about, and asks nothing', async () => {
    // Whoever would ask waits for ever: the input stays open and empty.
    const { code, stdout, stderr } = await home.start(['init'], { input: null }).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('Wrote VMFile.kdl with the VM "project". Next:\n\n  vmctl up\n  vmctl ssh project\n');
    expect(await home.vmctl('validate')).toMatchObject({ code: 0, stderr: '' });
    expect(await home.vmctl('fmt', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  it('takes settings from flags', async () => {
    const flags = [
      '--name',
      'db',
      '--image',
      'db.qcow2',
      '--memory',
      '4GiB',
      '--vcpus',
      '4',
      '--backend',
      'noop',
    ];
    expect(await home.json('init', ...flags)).toEqual({
      ...{ path: join(home.project, 'VMFile.kdl'), vm: 'db', replaced: false },
    });
    expect(await home.json('validate')).toMatchObject({
      vms: [{ name: 'db', memoryMb: 4096, vcpus: 4, backend: 'noop', image: { kind: 'path' } }],
    });
  });

  it('does not overwrite a file without --force', async () => {
    await home.write('mine');
    const { code, stderr } = await home.vmctl('init');
    expect(code).toBe(2);
    expect(stderr).toContain('VMCTL_VMFILE_EXISTS');
    expect(stderr).toContain('--force');
    expect(await readFile(join(home.project, 'VMFile.kdl'), 'utf8')).toBe('mine');
    expect(await home.vmctl('init', '--force')).toMatchObject({ code: 0 });
    expect(await home.vmctl('validate')).toMatchObject({ code: 0 });
  });

  it('names the file in what to do next when it is another one', async () => {
    const { stdout } = await home.vmctl('init', '--file', 'my lab.kdl');
    expect(stdout).toContain("vmctl up --file 'my lab.kdl'");
  });
});
