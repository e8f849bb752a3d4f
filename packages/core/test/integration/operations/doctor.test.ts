import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorFinding, RepairResult } from '../../../src/operations/doctor/finding.js';
import { spaceFinding } from '../../../src/operations/doctor/state.js';
import type { Vmctl } from '../../../src/vmctl.js';
import { Child } from '../../support/child.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();
const at = (...path: string[]): string => join(library.root, '.local/share/vmctl', ...path);

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

/** vmctl with one VM, `web`. */
async function withVm(): Promise<Vmctl> {
  await library.write({ web: '' });
  const { vmctl } = library.open();
  expect((await vmctl.up()).ok).toBe(true);
  return vmctl;
}

/** What there is to say about the data directory, but for the directory itself. */
async function stateOf(vmctl: Vmctl): Promise<readonly DoctorFinding[]> {
  const { findings } = await vmctl.doctor();
  return findings.filter(({ group, status }) => group === 'state' && status !== 'ok');
}

/** Does what the findings offer. */
async function mend(vmctl: Vmctl): Promise<RepairResult['outcome'][]> {
  const repairs = (await stateOf(vmctl)).flatMap(({ repair }) => repair ?? []);
  const installPlugins = () => Promise.reject(new Error('not asked for'));
  return (await vmctl.repair({ repairs, installPlugins })).map(({ outcome }) => outcome);
}

/** Takes a lock in a process of its own. */
async function holdLock(name: string): Promise<Child> {
  const child = new Child(new URL('../host/lock-child.ts', import.meta.url), ['hold', at('.locks'), name]);
  children.push(child.process);
  expect(await child.line()).toBe('held');
  return child;
}

/** A process that looks as if it ran the VM of a work directory. */
async function runAs(workDir: string): Promise<ChildProcess> {
  const args = [
    '-e',
    'console.log("up"); process.stdin.resume()',
    '--',
    '-pidfile',
    join(workDir, 'pidfile'),
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const missing = 'a'.repeat(16);

describe('doctor', () => {
  it('has nothing to say of a data directory with a running VM', async () => {
    expect(await stateOf(await withVm())).toEqual([]);
  });

  it('takes the rights of others away, from the directory and from keys', async () => {
    const vmctl = await withVm();
    const key = at('vms/web/id_ed25519_generated');
    await writeFile(key, 'a key');
    await chmod(key, 0o644);
    await chmod(at(), 0o755);
    expect(await stateOf(vmctl)).toMatchObject([
      { id: `permissions:${at()}`, status: 'warning', fix: `chmod 700 ${at()}` },
      { id: `permissions:${key}`, status: 'warning', fix: `chmod 600 ${key}` },
    ]);
    expect([await modeOf(at()), await modeOf(key)]).toEqual(['755', '644']);
    expect(await mend(vmctl)).toEqual(['mended', 'mended']);
    expect([await modeOf(at()), await modeOf(key)]).toEqual(['700', '600']);
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('does not follow a link to somebody else’s key', async () => {
    const vmctl = await withVm();
    const theirs = join(library.root, 'theirs');
    await writeFile(theirs, 'a key');
    await chmod(theirs, 0o644);
    const key = at('vms/web/id_ed25519_generated');
    await rm(key, { force: true });
    await symlink(theirs, key);
    const repairs = [{ kind: 'restrict-permissions', path: key, mode: '0600' }] as const;
    expect(await vmctl.repair({ repairs, installPlugins: async () => undefined })).toMatchObject([
      { outcome: 'unneeded' },
    ]);
    expect(await modeOf(theirs)).toBe('644');
  });

  it('frees the lock of a dead process, and leaves that of a living one alone', async () => {
    const vmctl = await withVm();
    const dead = await holdLock('vm-web');
    await holdLock('vm-db');
    expect(await stateOf(vmctl)).toEqual([]);
    await dead.kill();
    expect(await stateOf(vmctl)).toMatchObject([
      { title: 'lock vm-web', status: 'warning', detail: expect.stringContaining(`Process ${dead.pid} `) },
    ]);
    expect(await mend(vmctl)).toEqual(['mended']);
    expect(await stateOf(vmctl)).toEqual([]);
    expect(await readdir(at('.locks/vm-web.lock'))).toEqual([expect.stringMatching(/^\d+\.free$/)]);
    expect((await vmctl.stop({ names: ['web'], wait: false })).ok).toBe(true);
  });

  it('does not free a lock that somebody has taken since it was found', async () => {
    const vmctl = await withVm();
    await (await holdLock('vm-web')).kill();
    const repairs = (await stateOf(vmctl)).flatMap(({ repair }) => repair ?? []);
    await holdLock('vm-web');
    expect(await vmctl.repair({ repairs, installPlugins: async () => undefined })).toMatchObject([
      { outcome: 'unneeded' },
    ]);
    expect((await vmctl.stop({ names: ['web'], wait: false })).vms).toMatchObject([
      { error: { code: 'VMCTL_LOCKED' } },
    ]);
  });

  it('removes a lock that was never finished, once it is old', async () => {
    const vmctl = await withVm();
    const unborn = at('.locks/.new-abcdef');
    await mkdir(unborn);
    expect(await stateOf(vmctl)).toEqual([]);
    await utimes(unborn, new Date(0), new Date(0));
    expect(await mend(vmctl)).toEqual(['mended']);
    expect(await readdir(at('.locks'))).not.toContain('.new-abcdef');
  });

  it('names a lock that can never be taken, and leaves it to its user', async () => {
    const vmctl = await withVm();
    await mkdir(at('.locks/vm-odd.lock'));
    await writeFile(at('.locks/vm-odd.lock/notes.txt'), '');
    await writeFile(at('.locks/vm-file.lock'), '');
    expect(await stateOf(vmctl)).toMatchObject([
      { title: 'damaged lock', status: 'error', fix: `rm -r ${at('.locks/vm-file.lock')}` },
      { title: 'damaged lock', status: 'error', fix: `rm -r ${at('.locks/vm-odd.lock')}` },
    ]);
    expect(await mend(vmctl)).toEqual([]);
  });

  it('leaves a work directory that vms.json does not know: it may hold a disk', async () => {
    const vmctl = await withVm();
    await mkdir(at('vms/old'));
    await writeFile(at('vms/old/overlay.qcow2'), 'precious');
    expect(await stateOf(vmctl)).toMatchObject([
      { id: 'orphan:directory:old', status: 'warning', fix: `rm -r ${at('vms/old')}` },
    ]);
    expect(await mend(vmctl)).toEqual([]);
    expect(await readFile(at('vms/old/overlay.qcow2'), 'utf8')).toBe('precious');
  });

  it('removes a half-made work directory, unless somebody is just making it', async () => {
    const vmctl = await withVm();
    await mkdir(at('vms/db'));
    await writeFile(at('vms/db/.preparing'), '');
    const maker = await holdLock('vm-db');
    expect(await stateOf(vmctl)).toEqual([]);
    await maker.kill();
    const repairs = (await stateOf(vmctl)).flatMap(({ repair }) => repair ?? []);
    expect(repairs).toContainEqual({ kind: 'remove-half-made-vm', vm: 'db' });
    const other = await holdLock('vm-db');
    const repair = () => vmctl.repair({ repairs, installPlugins: async () => undefined });
    expect(await repair()).toContainEqual(expect.objectContaining({ outcome: 'busy' }));
    expect(await readdir(at('vms'))).toEqual(['db', 'web']);
    await other.kill();
    expect(await mend(vmctl)).not.toContain('failed');
    expect(await readdir(at('vms'))).toEqual(['web']);
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('removes what is left of a VM that was being destroyed, and nothing of one that exists', async () => {
    const vmctl = await withVm();
    await mkdir(at('vms/.new-old-abcdef'));
    await mkdir(at('vms/.new-web-abcdef'));
    await writeFile(at('vms/web/.preparing'), ''); // killed after vms.json had it
    expect(await mend(vmctl)).toEqual(['mended', 'mended']);
    expect(await readdir(at('vms'))).toEqual(['web']);
    expect(await readdir(at('vms/web'))).toEqual(expect.arrayContaining(['noop-state']));
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('touches nothing of a VM whose entry in vms.json cannot be read', async () => {
    const vmctl = await withVm();
    await writeFile(at('vms.json'), '{"web":null}');
    expect(await stateOf(vmctl)).toMatchObject([{ id: 'registry:1' }]);
    await writeFile(at('vms/web/.preparing'), ''); // killed after vms.json had it
    expect(await mend(vmctl)).toEqual(['mended']);
    expect(await readdir(at('vms/web'))).toEqual(expect.arrayContaining(['noop-state']));
    expect(await readFile(at('vms.json'), 'utf8')).toBe('{"web":null}');
  });

  it('takes no VM that was started for a half-made one, whatever becomes of vms.json', async () => {
    const vmctl = await withVm();
    await vmctl.stop({ names: ['web'] });
    await writeFile(at('vms/web/.preparing'), ''); // killed after vms.json had it
    expect((await vmctl.start({ names: ['web'] })).ok).toBe(true);
    await rm(at('vms.json'));
    expect(await stateOf(vmctl)).toMatchObject([{ id: 'orphan:directory:web' }]);
    expect(await mend(vmctl)).toEqual([]);
  });

  it('names a VM whose work directory is gone; destroy takes it out of vms.json', async () => {
    const vmctl = await withVm();
    await rm(at('vms/web'), { recursive: true });
    expect(await stateOf(vmctl)).toMatchObject([
      { id: 'orphan:vm:web', status: 'error', fix: 'vmctl destroy web' },
    ]);
    expect(await mend(vmctl)).toEqual([]);
    expect((await vmctl.destroy({ names: ['web'] })).ok).toBe(true);
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('names a VM whose disk is gone, with the command that makes it anew', async () => {
    const vmctl = await withVm();
    await rm(library.stateFile('web'));
    const vmfile = join(library.root, 'VMFile.kdl');
    expect(await stateOf(vmctl)).toEqual([
      {
        group: 'state',
        id: 'vm:web',
        status: 'warning',
        title: 'VM web',
        detail: 'It cannot start: what it is made of is gone.',
        fix: `vmctl up web --file ${vmfile}`,
      },
    ]);
    const busy = await holdLock('vm-web');
    expect(await stateOf(vmctl)).toEqual([]);
    await busy.kill();
    expect((await vmctl.up({ file: vmfile })).ok).toBe(true);
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('names a process that runs a VM which vms.json does not know, and does not end it', async () => {
    const vmctl = await withVm();
    const lost = await runAs(at('vms/lost'));
    await runAs(at('vms/web'));
    expect(await stateOf(vmctl)).toMatchObject([
      { id: `orphan:process:${lost.pid}`, status: 'error', fix: `kill ${lost.pid}` },
    ]);
    expect(await mend(vmctl)).toEqual([]);
    expect([lost.exitCode, lost.signalCode]).toEqual([null, null]);
  });

  it('says which process uses a work directory that vms.json does not know', async () => {
    const vmctl = await withVm();
    await mkdir(at('vms/lost'));
    const { pid } = await runAs(at('vms/lost'));
    expect(await stateOf(vmctl)).toMatchObject([
      { id: `orphan:process:${pid}` },
      { id: 'orphan:directory:lost', detail: expect.stringContaining(`Process ${pid} uses it.`) },
    ]);
  });

  it('names a VM whose backend nobody brings', async () => {
    const vmctl = await withVm();
    const registry = JSON.parse(await readFile(at('vms.json'), 'utf8')) as { web: object };
    await writeFile(at('vms.json'), JSON.stringify({ web: { ...registry.web, backend: 'warp' } }));
    expect(await stateOf(vmctl)).toMatchObject([
      { id: 'orphan:backend:web', status: 'error', fix: 'vmctl destroy --forget web' },
    ]);
  });

  it('takes nothing for an orphan when vms.json cannot be read', async () => {
    const vmctl = await withVm();
    await writeFile(at('vms.json'), '{ "web": tru');
    expect(await stateOf(vmctl)).toMatchObject([{ id: 'registry', status: 'error' }]);
  });

  it('names an entry of vms.json that is no VM', async () => {
    const vmctl = await withVm();
    const registry = JSON.parse(await readFile(at('vms.json'), 'utf8')) as object;
    await writeFile(at('vms.json'), JSON.stringify({ ...registry, odd: 7 }));
    expect(await stateOf(vmctl)).toMatchObject([
      { id: 'registry:1', status: 'warning', detail: expect.stringContaining('"odd"') },
    ]);
  });

  it('removes the parts of downloads that nobody is at any more', async () => {
    const vmctl = await withVm();
    const partial = `${missing}-noble.img.partial-4194305-0badf00d`;
    await writeFile(at('images', partial), 'half');
    const fetching = await holdLock(`image-${missing}`);
    expect(await stateOf(vmctl)).toEqual([]);
    await fetching.kill();
    expect(await stateOf(vmctl)).toContainEqual(
      expect.objectContaining({ id: 'leftover:images', detail: expect.stringContaining(partial) }),
    );
    expect(await mend(vmctl)).not.toContain('failed');
    expect(await readdir(at('images'))).toEqual([]);
    expect(await stateOf(vmctl)).toEqual([]);
  });

  it('takes back claims of VMs that were never made, and no other', async () => {
    const vmctl = await withVm();
    await mkdir(at('.image-claims'), { recursive: true });
    await symlink('some.img', at('.image-claims/web'));
    await symlink('some.img', at('.image-claims/gone'));
    await symlink('some.img', at('.image-claims/.gone.123-0badf00d'));
    // Neither is a claim, and nobody is held up by them.
    await mkdir(at('.image-claims/directory'));
    await symlink('some.img', at('.image-claims/-no-name'));
    expect(await stateOf(vmctl)).toMatchObject([
      { id: 'leftover:image-claims', repair: { kind: 'remove-image-claims', vms: ['gone'] } },
    ]);
    expect(await mend(vmctl)).toEqual(['mended']);
    expect(await readdir(at('.image-claims'))).toEqual(['-no-name', 'directory', 'web']);
    await expect(vmctl.listImages()).resolves.toEqual([]);
  });

  it('leaves plugins of projects alone while a command works on a VM: it may use them', async () => {
    const vmctl = await withVm();
    const worker = await holdLock('vm-db');
    const repairs = [{ kind: 'prune-project-plugins' }] as const;
    const prune = () => vmctl.repair({ repairs, installPlugins: async () => undefined });
    expect(await prune()).toMatchObject([{ outcome: 'busy', error: { code: 'VMCTL_LOCKED' } }]);
    await worker.kill();
    expect(await prune()).toMatchObject([{ outcome: 'unneeded' }]);
  });

  it('mends nothing twice', async () => {
    const vmctl = await withVm();
    await chmod(at(), 0o755);
    await mkdir(at('vms/.new-old-abcdef'));
    await (await holdLock('image-1')).kill();
    const repairs = (await stateOf(vmctl)).flatMap(({ repair }) => repair ?? []);
    const repair = async () =>
      (await vmctl.repair({ repairs, installPlugins: async () => undefined })).map(({ outcome }) => outcome);
    expect(await repair()).toEqual(['mended', 'mended', 'mended']);
    expect(await repair()).toEqual(['unneeded', 'unneeded', 'unneeded']);
  });

  it('goes on after a repair that fails, and says why it did', async () => {
    const vmctl = await withVm();
    await chmod(at(), 0o755);
    const results = await vmctl.repair({
      repairs: [
        { kind: 'install-plugins', packages: ['acme'] },
        { kind: 'restrict-permissions', path: at(), mode: '0700' },
      ],
      installPlugins: () => Promise.reject(new Error('no registry')),
    });
    expect(results).toMatchObject([
      { outcome: 'failed', error: { message: 'no registry' } },
      { outcome: 'mended' },
    ]);
  });
});

describe('the data directory', () => {
  it('is an error when something else is in its place, and nothing more is said then', async () => {
    await mkdir(join(at(), '..'), { recursive: true });
    await writeFile(at(), 'not a directory');
    expect(await stateOf(library.open().vmctl)).toMatchObject([
      { id: 'data-directory', status: 'error', detail: expect.stringContaining(at()) },
    ]);
    await rm(at());
    await symlink('nowhere', at());
    expect(await stateOf(library.open().vmctl)).toMatchObject([
      { id: 'data-directory', status: 'error', detail: expect.stringContaining(at()) },
    ]);
  });

  it('is well when it is not there yet, and not made by looking at it', async () => {
    expect(await stateOf(library.open().vmctl)).toEqual([]);
    await expect(readdir(at())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is a warning when there is little room for disks, with what makes some', () => {
    expect(spaceFinding('/data', { vms: 1, freeBytes: 2 ** 31 })).toEqual({
      status: 'ok',
      detail: '/data: 1 VM, 2.0 GiB free',
    });
    expect(spaceFinding('/data', { vms: 1, freeBytes: 2 ** 31 - 1 })).toMatchObject({
      status: 'warning',
      fix: 'vmctl image prune',
    });
  });

  it('does not keep the other findings back when a part of it cannot be looked at', async () => {
    const vmctl = await withVm();
    await chmod(at(), 0o755);
    await rm(at('.image-claims'), { recursive: true, force: true });
    await writeFile(at('.image-claims'), 'not a directory');
    expect(await stateOf(vmctl)).toMatchObject([
      { id: `permissions:${at()}` },
      { id: 'leftovers', status: 'error', detail: expect.stringContaining(at('.image-claims')) },
    ]);
  });
});

describe('destroy --forget', () => {
  /** A VM whose backend is gone. */
  async function withLostBackend(): Promise<Vmctl> {
    const vmctl = await withVm();
    const registry = JSON.parse(await readFile(at('vms.json'), 'utf8')) as { web: object };
    await writeFile(at('vms.json'), JSON.stringify({ web: { ...registry.web, backend: 'warp' } }));
    return vmctl;
  }

  it('is what destroy names when the backend is gone', async () => {
    const vmctl = await withLostBackend();
    expect((await vmctl.destroy({ names: ['web'] })).vms).toMatchObject([
      {
        outcome: 'failed',
        error: {
          code: 'VMCTL_BACKEND_NOT_INSTALLED',
          hint: expect.stringContaining('vmctl destroy --forget web'),
        },
      },
    ]);
    expect(await readdir(at('vms'))).toEqual(['web']);
  });

  it('removes the VM without its backend', async () => {
    const vmctl = await withLostBackend();
    expect((await vmctl.destroy({ names: ['web'], forget: true })).vms).toMatchObject([
      { outcome: 'destroyed' },
    ]);
    expect(await readdir(at('vms'))).toEqual([]);
    expect(await vmctl.list()).toEqual([]);
  });

  it.each([
    ['has its pidfile in the work directory', undefined],
    ['is the one of vms.json, by id and start time', 'recorded'],
  ])('refuses while a process lives that %s', async (_how, recorded) => {
    const vmctl = await withLostBackend();
    const { pid } = await runAs(recorded === undefined ? at('vms/web') : join(library.root, 'elsewhere'));
    if (recorded !== undefined) {
      const { createProcessTable } = await import('../../../src/host/process-table.js');
      const identity = await createProcessTable().identify(pid ?? 0);
      const registry = JSON.parse(await readFile(at('vms.json'), 'utf8')) as { web: object };
      const web = { ...registry.web, pid, pid_start_time: identity?.startTime };
      await writeFile(at('vms.json'), JSON.stringify({ web }));
    }
    expect((await vmctl.destroy({ names: ['web'], forget: true })).vms).toMatchObject([
      {
        outcome: 'failed',
        error: { code: 'VMCTL_VM_WRONG_STATE', hint: expect.stringContaining(`kill ${pid}`) },
      },
    ]);
    expect(await readdir(at('vms'))).toEqual(['web']);
  });

  it('does not take a process for the VM’s that only got its id', async () => {
    const vmctl = await withLostBackend();
    const registry = JSON.parse(await readFile(at('vms.json'), 'utf8')) as { web: object };
    const web = { ...registry.web, pid: process.pid, pid_start_time: 'boot:1' };
    await writeFile(at('vms.json'), JSON.stringify({ web }));
    expect((await vmctl.destroy({ names: ['web'], forget: true })).ok).toBe(true);
  });
});
