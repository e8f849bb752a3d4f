import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlHome } from '../support/vmctl-home.js';

const UGLY = 'vm   "web" image="x" // mine';
const FINE = 'vm "web" image="x" // mine\n';

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
});
beforeEach(async () => {
  await home.write(UGLY);
});
afterAll(async () => {
  await home.remove();
});
const content = (name = 'VMFile.kdl'): Promise<string> => readFile(join(home.project, name), 'utf8');

describe('vmctl fmt', () => {
  it('formats the VMFile, prints its name, and has nothing to do the second time', async () => {
    expect(await home.vmctl('fmt')).toMatchObject({
      code: 0,
      stdout: `${join(home.project, 'VMFile.kdl')}\n`,
      stderr: '',
    });
    expect(await content()).toBe(FINE);
    expect(await home.vmctl('fmt')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('with --check names what it would change and exits with 1', async () => {
    await home.write(FINE, 'fine.kdl');
    expect(await home.vmctl('fmt', '--check', 'VMFile.kdl', 'fine.kdl')).toMatchObject({
      code: 1,
      stdout: 'VMFile.kdl\n',
    });
    expect(await content()).toBe(UGLY);
    expect(await home.vmctl('fmt', '--check', 'fine.kdl')).toMatchObject({ code: 0, stdout: '' });
  });

  it('leaves what is not KDL alone, says where the fault is, and exits with 2', async () => {
    await home.write('vm   "web" {', 'bad.kdl');
    const { code, stdout, stderr } = await home.vmctl('fmt', 'bad.kdl', 'VMFile.kdl');
    expect({ code, stdout }).toEqual({ code: 2, stdout: 'VMFile.kdl\n' });
    expect(stderr).toContain('bad.kdl:1:12: this "{" is never closed');
    expect(await content('bad.kdl')).toBe('vm   "web" {');
    expect(await content()).toBe(FINE);
  });

  it('reads standard input and writes standard output', async () => {
    expect(await home.start(['fmt', '-'], { input: UGLY }).done).toMatchObject({ code: 0, stdout: FINE });
    expect(await home.start(['fmt', '-', '--check'], { input: UGLY }).done).toMatchObject({
      code: 1,
      stdout: '-\n',
    });
    const { code, stdout, stderr } = await home.start(['fmt', '-'], { input: 'vm {' }).done;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('standard input:1:4: this "{" is never closed');
  });

  it('does not mix standard input with files', async () => {
    const { code, stderr } = await home.vmctl('fmt', '-', 'VMFile.kdl');
    expect(code).toBe(2);
    expect(stderr).toContain('VMCTL_USAGE');
  });

  it('gives its results as JSON', async () => {
    expect(await home.json('fmt', '--check', 'VMFile.kdl', 'missing.kdl')).toMatchObject({
      files: [
        { path: 'VMFile.kdl', outcome: 'unformatted' },
        { path: 'missing.kdl', outcome: 'failed', error: { code: 'VMCTL_VMFILE_NOT_FOUND' } },
      ],
    });
    const { stdout } = await home.start(['fmt', '-', '--json'], { input: UGLY }).done;
    expect(JSON.parse(stdout)).toEqual({ files: [{ path: '-', outcome: 'formatted' }], text: FINE });
  });
});
