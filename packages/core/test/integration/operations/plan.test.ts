import { describe, expect, it } from '@jest/globals';
import { cp, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessTable } from '../../../src/host/process-table.js';
import { plan as planProject, type PlannedVm } from '../../../src/operations/plan.js';
import { Runtime } from '../../../src/operations/runtime.js';
import { up } from '../../../src/operations/up.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { lockVm } from '../../../src/state/vm-lock.js';
import type { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();

const dataDir = (): string => join(library.root, '.local/share/vmctl');
const path = (name: string): string => join(library.root, name);

/** What `plan` says of one VM: its action, and changes as `setting: from -> to (effect)`. */
async function planned(vmctl: Vmctl, name = 'web'): Promise<PlannedVm> {
  const { vms } = await vmctl.plan();
  const vm = vms.find((each) => each.name === name);
  if (vm === undefined) throw new Error(`no plan for ${name}`);
  return vm;
}

function changesOf({ changes }: PlannedVm): string[] {
  return changes.map(({ setting, from, to, effect }) => `${setting}: ${from} -> ${to} (${effect})`);
}

/** Every file below a directory with its content, or only its size and time where it is large. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const contents = await Promise.all(
    entries.map(async (entry) => {
      const file = join(entry.parentPath, entry.name);
      const { mtimeMs } = await stat(file);
      return [file, entry.isFile() ? `${mtimeMs} ${await readFile(file, 'latin1')}` : `${mtimeMs}`] as const;
    }),
  );
  return Object.fromEntries(contents);
}

describe('plan', () => {
  it('says that up makes what is not there, with where its image comes from, and what comes first', async () => {
    await library.write({ db: '', web: 'depends-on "db"' });
    const { vmctl } = library.open();
    expect(await vmctl.plan()).toMatchObject({
      vmfile: path('VMFile.kdl'),
      changes: true,
      ok: true,
      vms: [
        {
          name: 'db',
          state: 'absent',
          action: 'create',
          image: { label: 'disk.img', from: 'local' },
          after: [],
        },
        { name: 'web', state: 'absent', action: 'create', after: ['db'], changes: [], steps: [] },
      ],
      removed: [],
    });
    expect((await vmctl.plan({ names: ['web'] })).vms.map(({ name }) => name)).toEqual(['db', 'web']);
    expect((await vmctl.plan({ names: ['db'] })).vms.map(({ name }) => name)).toEqual(['db']);
  });

  it('shows no changes right after up', async () => {
    await library.write({
      db: 'disk "1536MiB"; vcpus 2',
      web: 'depends-on "db"; memory "2GiB"; network "user" { forward host=0 guest=80 }',
      bare: 'network "none"; firmware "uefi"; cloud-init { hostname "b" }',
    });
    const { vmctl } = library.open();
    expect(await vmctl.up()).toMatchObject({ ok: true });
    expect(await vmctl.plan()).toMatchObject({
      changes: false,
      ok: true,
      vms: ['db', 'web', 'bare'].map((name) => ({
        name,
        state: 'running',
        action: 'none',
        needs: null,
        stages: [],
        changes: [],
        problem: null,
      })),
    });
  });

  it('changes nothing, not even before the first VM', async () => {
    await library.write({ web: 'cloud-init { hostname "w" }' });
    const { vmctl } = library.open();
    await vmctl.plan();
    expect(await contentOf(dataDir())).toEqual({});
    await vmctl.up();
    await library.write({ web: 'memory 4096; cloud-init { hostname "x" }', db: '' });
    const before = await contentOf(dataDir());
    expect(await vmctl.plan()).toMatchObject({ changes: true });
    expect(await contentOf(dataDir())).toEqual(before);
  });

  it('answers while another command works on the VM, and names it', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const lock = await lockVm(new DataDir(dataDir()), 'web', {
      purpose: 'vmctl reload',
      wait: false,
      processes: createProcessTable(),
    });
    try {
      expect(await planned(vmctl)).toMatchObject({
        action: 'none',
        busy: { purpose: 'vmctl reload', pid: process.pid },
      });
    } finally {
      await lock.release();
    }
    expect(await planned(vmctl)).toMatchObject({ busy: null });
  });

  it('names a VM that the VMFile does not have any more, which up leaves alone', async () => {
    await library.write({ web: '', old: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await library.write({ web: '' });
    const plan = await vmctl.plan();
    expect(plan).toMatchObject({ changes: true, vms: [{ name: 'web', action: 'none' }] });
    expect(plan.removed).toEqual([{ name: 'old', state: 'running' }]);
    expect((await vmctl.plan({ names: ['web'] })).removed).toEqual([]);
    await vmctl.up();
    expect((await vmctl.list()).map(({ name }) => name)).toEqual(['old', 'web']);
  });

  it('is not confused by a VM of the same name as one that is gone', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await rm(library.stateFile('web'));
    expect(await planned(vmctl)).toMatchObject({ state: 'absent', action: 'create', problem: null });
  });
});

/** Edits of the VMFile, what `plan` says of a running VM, and how the VM is after what `plan` asks for. */
const before = 'vcpus 1; memory 512; network "user" { forward host=0 guest=80 }; cloud-init { hostname "w" }';

describe('plan after an edit of the VMFile', () => {
  it.each<[string, string, readonly (string | RegExp)[]]>([
    ['vcpus', before.replace('vcpus 1', 'vcpus 3'), ['vcpus: 1 -> 3 (restart)']],
    ['memory', before.replace('512', '768'), ['memory: 512 MiB -> 768 MiB (restart)']],
    ['the disk', `disk 3; ${before}`, ['disk: as large as the image -> 3 GiB (restart)']],
    [
      'the network',
      before.replace(/network "user" \{[^}]*\}/, 'network "none"'),
      ['network: user -> none (restart)', /^forward: 127\.0\.0\.1:\d+ -> 80 -> null \(restart\)$/],
    ],
  ])('of %s names it, and a stop and an up settle it', async (_, edited, expected) => {
    await library.write({ web: before });
    const { vmctl, events } = library.open();
    await vmctl.up();
    await library.write({ web: edited });
    const running = await planned(vmctl);
    expect(running).toMatchObject({ state: 'running', action: 'none', needs: 'restart', stages: [] });
    expect(changesOf(running)).toEqual(
      expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))),
    );

    // up leaves it running, says so, and what the plan says stays true
    expect(await vmctl.up()).toMatchObject({ ok: true, vms: [{ outcome: 'already-running' }] });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        vm: 'web',
        code: 'VMCTL_VM_DIFFERS',
        hint: 'vmctl stop web && vmctl up web',
      }),
    );
    expect(await planned(vmctl)).toEqual(running);

    await vmctl.stop({ names: ['web'] });
    const stopped = await planned(vmctl);
    expect(stopped).toMatchObject({ state: 'stopped', action: 'start', needs: null });
    expect(stopped.changes.map(({ effect }) => effect)).toEqual(expected.map(() => 'start'));
    expect(await vmctl.up()).toMatchObject({ ok: true, vms: [{ outcome: 'up' }] });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
  });

  it.each<[string, string, string]>([
    ['the firmware', `firmware "uefi"; ${before}`, 'firmware: bios -> uefi (recreate)'],
    ['the host name', before.replace('"w"', '"www"'), 'cloud-init hostname: w -> www (recreate)'],
    ['the user', `ssh { user "dev" }; ${before}`, 'ssh user: vm -> dev (recreate)'],
    [
      'the key',
      before.replace('hostname', 'ssh-key "id.pub"; hostname'),
      'cloud-init ssh-key: a generated key -> ssh-ed25519 …eHhjaGFuZ2Vk me (recreate)',
    ],
    ['cloud-init', before.replace(/cloud-init.*/, ''), 'cloud-init: a seed -> null (recreate)'],
  ])('of %s names it, and a reload settles it', async (_, edited, expected) => {
    await writeFile(path('id.pub'), `${publicKey()} me\n`);
    await library.write({ web: before });
    const { vmctl, events } = library.open();
    await vmctl.up();
    await library.write({ web: edited });
    const running = await planned(vmctl);
    expect(running).toMatchObject({ action: 'none', needs: 'recreate', stages: [] });
    expect(changesOf(running)).toEqual([expected]);
    expect(await vmctl.up()).toMatchObject({ vms: [{ outcome: 'already-running' }] });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', code: 'VMCTL_VM_DIFFERS', hint: 'vmctl reload web' }),
    );
    expect(await planned(vmctl)).toEqual(running);
    expect(await vmctl.reload()).toMatchObject({ ok: true });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
  });

  it('names a disk that would shrink, which a start does not bring', async () => {
    await library.write({ web: `disk 3; ${before}` });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.stop({ names: ['web'] });
    await library.write({ web: `disk 2; ${before}` });
    const stopped = await planned(vmctl);
    expect(changesOf(stopped)).toEqual(['disk: 3 GiB -> 2 GiB (recreate)']);
    await vmctl.up();
    expect(await vmctl.status()).toMatchObject([{ diskGb: 3 }]);
  });

  it('is a disk that grows when a VM that has failed is started again', async () => {
    await library.write({ web: `disk 3; ${before}` });
    const { vmctl, events } = library.open();
    await vmctl.up();
    await writeFile(library.stateFile('web'), 'unheard of');
    await library.write({ web: `disk 4; ${before}` });
    expect(changesOf(await planned(vmctl))).toEqual(['disk: 3 GiB -> 4 GiB (start)']);
    expect(await vmctl.up()).toMatchObject({ ok: true });
    expect(events).toContainEqual(
      expect.objectContaining({ stage: 'prepare', detail: expect.stringMatching(/^disk grown to 4 GiB/) }),
    );
    expect(await vmctl.status()).toMatchObject([{ diskGb: 4 }]);
    expect(await vmctl.plan()).toMatchObject({ changes: false });
  });

  it('names another image, which a start does not bring', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.stop({ names: ['web'] });
    await cp(path('disk.img'), path('other.img'));
    const text = await readFile(path('VMFile.kdl'), 'utf8');
    await writeFile(path('VMFile.kdl'), text.replace('disk.img', 'other.img'));
    const stopped = await planned(vmctl);
    expect(changesOf(stopped)).toEqual([`image: ${path('disk.img')} -> ${path('other.img')} (recreate)`]);
    expect(stopped).toMatchObject({ action: 'start', needs: 'recreate' });
    expect(await vmctl.up()).toMatchObject({ vms: [{ outcome: 'up' }] });
    expect(await vmctl.status()).toMatchObject([{ image: path('disk.img') }]);
    await vmctl.reload();
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    expect(await vmctl.status()).toMatchObject([{ image: path('other.img') }]);
  });

  it('names other user-data', async () => {
    const seeded = 'cloud-init { user-data "user.yaml" }';
    await writeFile(path('user.yaml'), '#cloud-config\n');
    await library.write({ web: seeded });
    const { vmctl } = library.open();
    await vmctl.up();
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    await writeFile(path('user.yaml'), '#cloud-config\npackages: [nginx]\n');
    expect(changesOf(await planned(vmctl))).toEqual([
      expect.stringMatching(
        /^cloud-init user-data: sha256 [0-9a-f]{12} -> sha256 [0-9a-f]{12} \(recreate\)$/,
      ),
    ]);
  });

  it('names forwards, and up changes them as the VM runs', async () => {
    await library.write({ web: before });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.addForward({ name: 'web', forward: { address: '127.0.0.1', host: 47_001, guest: 90 } });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    const old = (await vmctl.ports({ names: ['web'] })).find(({ guest }) => guest === 80);

    await library.write({ web: before.replace('host=0 guest=80', 'host=0 guest=8000') });
    const plan = await planned(vmctl);
    expect(plan).toMatchObject({ action: 'update', needs: null, stages: [] });
    expect(changesOf(plan)).toEqual([
      `forward: 127.0.0.1:${old?.host} -> 80 -> null (now)`,
      'forward: null -> 127.0.0.1:(any free port) -> 8000 (now)',
    ]);
    expect(await vmctl.up()).toMatchObject({ ok: true, vms: [{ outcome: 'updated' }] });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    const guests = (await vmctl.ports({ names: ['web'] })).map(({ guest }) => guest);
    expect(guests).toEqual(expect.arrayContaining([8000, 90]));
    expect(guests).not.toContain(80);
  });

  it('names how to log in, and up takes it over as the VM runs', async () => {
    await library.write({ web: 'ssh { user "root" }' });
    const { vmctl } = library.open();
    await vmctl.up();
    await library.write({ web: 'ssh { user "dev" }' });
    expect(changesOf(await planned(vmctl))).toEqual(['ssh user: root -> dev (now)']);
    expect(await vmctl.up()).toMatchObject({ vms: [{ outcome: 'updated' }] });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    expect(await vmctl.list()).toMatchObject([{ ssh: expect.stringMatching(/^dev@/) }]);
  });

  it('takes no flag of up for an edit', async () => {
    await library.write({ web: 'ssh { user "dev" }; cloud-init', db: 'cloud-init' });
    const { vmctl } = library.open();
    await vmctl.up({ user: 'root', key: 'some-key' });
    expect(await vmctl.plan()).toMatchObject({ changes: false });
    expect(await vmctl.up()).toMatchObject({
      vms: [{ outcome: 'already-running' }, { outcome: 'already-running' }],
    });
    expect(await vmctl.list()).toMatchObject([
      { ssh: expect.stringMatching(/^root@/) },
      { ssh: expect.stringMatching(/^root@/) },
    ]);
  });

  it('lets a suspended VM go on, with what it was started with', async () => {
    await library.write({ web: before });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.suspend({ names: ['web'] });
    await library.write({ web: before.replace('512', '768') });
    const plan = await planned(vmctl);
    expect(plan).toMatchObject({ state: 'suspended', action: 'resume', needs: 'restart' });
    expect(plan.stages).toEqual(['start', 'ready', 'provision']);
    expect(await vmctl.up()).toMatchObject({ vms: [{ outcome: 'up' }] });
    expect(await planned(vmctl)).toMatchObject({ state: 'running', action: 'none', needs: 'restart' });
  });

  it('goes on with a VM that was suspended, when the up that let it go on was interrupted', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.suspend({ names: ['web'] });
    const interruption = new AbortController();
    vmctl.subscribe((event) => {
      if (event.type === 'stage.started' && event.stage === 'ready') interruption.abort();
    });
    expect(await vmctl.up({ signal: interruption.signal })).toMatchObject({
      vms: [{ outcome: 'interrupted', error: { hint: expect.stringMatching(/^`vmctl up` goes on/) } }],
    });
    const again = library.open().vmctl;
    expect(await planned(again)).toMatchObject({ state: 'running', action: 'continue' });
    expect(await again.up()).toMatchObject({ vms: [{ outcome: 'up' }] });
    expect(await planned(again)).toMatchObject({ action: 'none' });
  });
});

describe('a VM that another VMFile has as well', () => {
  /** A second project with a VM of the same name. */
  const other = (): string => path('other/VMFile.kdl');

  async function twoProjects(): Promise<Vmctl> {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await mkdir(path('other'));
    await cp(path('disk.img'), path('other/disk.img'));
    await cp(path('VMFile.kdl'), other());
    return vmctl;
  }

  it('is named by plan, and up says it before it takes the VM over', async () => {
    await twoProjects();
    const { vmctl, events } = library.open();
    const { vms } = await vmctl.plan({ file: other() });
    expect(vms.flatMap(changesOf)).toContain(`VMFile: ${path('VMFile.kdl')} -> ${other()} (now)`);
    expect(await vmctl.up({ file: other() })).toMatchObject({ vms: [{ outcome: 'updated' }] });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        code: 'VMCTL_VM_OF_OTHER_VMFILE',
        message: expect.stringContaining(path('VMFile.kdl')),
      }),
    );
    expect(await vmctl.list()).toMatchObject([{ vmfile: other() }]);
    const after = await vmctl.plan({ file: other() });
    expect(after.vms.flatMap(changesOf).filter((change) => change.startsWith('VMFile'))).toEqual([]);
  });

  it.each([
    ['reload', {}],
    ['down', { destroy: true }],
  ] as const)('keeps its disk when %s gets it by mistake (%j)', async (verb, options) => {
    const vmctl = await twoProjects();
    expect(await vmctl[verb]({ file: other(), ...options })).toMatchObject({
      ok: false,
      vms: [{ outcome: 'failed', error: { code: 'VMCTL_VM_OF_OTHER_VMFILE' } }],
    });
    expect(await planned(vmctl)).toMatchObject({ state: 'running', changes: [] });
  });

  it.each(['provision', 'down'] as const)('is not taken over by %s, which says whose it is', async (verb) => {
    await twoProjects();
    const { vmctl, events } = library.open();
    const warning = expect.objectContaining({
      type: 'warning',
      vm: 'web',
      code: 'VMCTL_VM_OF_OTHER_VMFILE',
      message: `web is the VM of ${path('VMFile.kdl')}: VMs of all VMFiles share their names.`,
      hint: 'If it is another VM, give the one here another name.',
    });
    expect(await vmctl[verb]({ file: path('VMFile.kdl') })).toMatchObject({ ok: true });
    expect(events).not.toContainEqual(warning);
    await vmctl.up();
    expect(await vmctl[verb]({ file: other() })).toMatchObject({ ok: true });
    expect(events).toContainEqual(warning);
    expect(await vmctl.list()).toMatchObject([{ vmfile: path('VMFile.kdl') }]);
  });

  it('is no other one when its project was moved, or is reached over a link', async () => {
    const vmctl = await twoProjects();
    await symlink(library.root, path('link'));
    const { vms } = await vmctl.plan({ file: path('link/VMFile.kdl') });
    expect(vms.flatMap(changesOf)).toEqual([]);
    await rm(path('VMFile.kdl'));
    expect((await vmctl.reload({ file: other() })).ok).toBe(true);
  });
});

describe('plan where up would fail', () => {
  it('names an image that is not there, and goes on with the other VMs', async () => {
    await library.write({ web: '', db: '' });
    const { vmctl } = library.open();
    await vmctl.up({ names: ['db'] });
    await rm(path('disk.img'));
    const plan = await vmctl.plan();
    expect(plan).toMatchObject({
      ok: false,
      vms: [
        { name: 'web', action: 'create', problem: { code: 'VMCTL_IMAGE_NOT_FOUND' } },
        { name: 'db', action: 'none', problem: null },
      ],
    });
    expect((await vmctl.up()).vms[0]).toMatchObject({ error: { code: 'VMCTL_IMAGE_NOT_FOUND' } });
  });

  it.each([
    ['a key', 'cloud-init { ssh-key "none.pub" }', 'VMCTL_SSH_KEY_MISSING'],
    ['user-data', 'cloud-init { user-data "none.yaml" }', 'VMCTL_FILE_NOT_FOUND'],
  ])('names %s that is not there', async (_, body, code) => {
    await library.write({ web: body });
    const { vmctl } = library.open();
    expect(await planned(vmctl)).toMatchObject({ problem: { code } });
    expect((await vmctl.up()).vms[0]).toMatchObject({ error: { code } });
  });

  it('names a disk that is smaller than its image', async () => {
    await library.write({ web: 'disk 1' });
    await truncate(path('disk.img'), 2 * 2 ** 30);
    const { vmctl } = library.open();
    const code = 'VMCTL_DISK_TOO_SMALL';
    expect(await planned(vmctl)).toMatchObject({ image: null, problem: { code } });
    expect((await vmctl.up()).vms[0]).toMatchObject({ stage: 'resolve', error: { code } });
  });

  it('names a file that is no image', async () => {
    await library.write({ web: '' });
    await writeFile(path('disk.img'), 'a letter');
    const { vmctl } = library.open();
    const code = 'VMCTL_IMAGE_INVALID';
    expect(await planned(vmctl)).toMatchObject({ problem: { code } });
    expect((await vmctl.up()).vms[0]).toMatchObject({ stage: 'resolve', error: { code } });
  });

  it('names what the backend cannot do, before anything is fetched', async () => {
    await library.write({ web: 'network "vnic"', db: '' });
    await library.open().vmctl.up({ names: ['db'] });
    await library.open().vmctl.stop({ names: ['db'] });
    await library.write({ web: 'network "vnic"', db: 'network "tap"' });
    const runtime = new Runtime({ env: {}, homeDir: library.root, cwd: library.root });
    const backend = await runtime.router.backend('noop');
    Object.assign(backend, { supports: { ...backend.supports, networks: ['user', 'none'] } });
    const problem = (type: string) => ({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
      message: expect.stringContaining(`the backend noop has no network "${type}"`),
      hint: 'It has: user, none.',
    });
    expect((await planProject(runtime)).vms).toMatchObject([
      { action: 'create', problem: problem('vnic') },
      { action: 'start', problem: problem('tap') },
    ]);
    expect((await up(runtime)).vms).toMatchObject([
      { stage: 'resolve', error: problem('vnic') },
      { stage: 'resolve', error: problem('tap') },
    ]);
  });

  it('names a work directory that vms.json does not know', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await mkdir(join(dataDir(), 'vms/web'), { recursive: true });
    const code = 'VMCTL_WORKDIR_UNREGISTERED';
    expect(await planned(vmctl)).toMatchObject({ problem: { code } });
    expect((await vmctl.up()).vms[0]).toMatchObject({ error: { code } });
  });
});

/** An Ed25519 public key whose last characters a test can know. */
function publicKey(): string {
  const word = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const point = Buffer.from(`${'x'.repeat(25)}changed`);
  return `ssh-ed25519 ${Buffer.concat([word(Buffer.from('ssh-ed25519')), word(point)]).toString('base64')}`;
}
