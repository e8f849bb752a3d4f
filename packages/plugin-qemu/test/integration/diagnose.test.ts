import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AcceleratorProbe } from '../../src/accelerator.js';
import { bridgeFinding, diagnoseHost } from '../../src/diagnose.js';
import { createContext, createPluginHost } from '../support/plugin-host.js';
import { qemuScript } from '../support/qemu-script.js';
import { describeWith } from '../support/requirements.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';
import { useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'the diagnosis of a host with QEMU', () => {
  const lab = useVmLab();

  it('finds what VMs need, and says how to mend what is wrong', async () => {
    const findings = await lab.backend().diagnose();
    expect(findings.map(({ id }) => id)).toEqual(['qemu', 'qemu-img', 'kvm', 'ovmf', 'bridge-helper']);
    expect(findings[0]).toMatchObject({ status: 'ok', title: expect.stringMatching(/^QEMU \d+\.\d+/) });
    expect(findings[1]).toMatchObject({ status: 'ok' });
    for (const finding of findings) {
      if (finding.status !== 'ok') expect(finding.fix).toEqual(expect.stringMatching(/./));
    }
  });

  it('says about KVM what VMs then get', async () => {
    const backend = lab.backend();
    const kvm = (await backend.diagnose()).find(({ id }) => id === 'kvm');
    const vm = await backend.start(await lab.prepared(), createContext());
    expect(vm['accelerator']).toBe(kvm?.status === 'ok' ? 'kvm' : 'tcg');
  });
});

describe('the diagnosis of a host that lacks something', () => {
  const directory = useTemporaryDirectory();

  async function diagnose(env: Record<string, string>) {
    const host = createPluginHost(directory.path, { env });
    const findings = await diagnoseHost(host, new AcceleratorProbe(host));
    return Object.fromEntries(findings.map((finding) => [finding.id, finding]));
  }

  it('names a QEMU that does not run', async () => {
    const qemu = await qemuScript(
      directory.path,
      `console.error('libfoo.so: not found'); process.exit(127);`,
    );
    expect((await diagnose({ VMCTL_QEMU: qemu, VMCTL_QEMU_ACCEL: 'tcg' }))['qemu']).toMatchObject({
      status: 'error',
      detail: expect.stringContaining('libfoo.so'),
    });
  });

  it('names a QEMU that is too old', async () => {
    const qemu = await qemuScript(directory.path, `console.log('QEMU emulator version 4.2.1 (Debian)');`);
    expect((await diagnose({ VMCTL_QEMU: qemu, VMCTL_QEMU_ACCEL: 'tcg' }))['qemu']).toMatchObject({
      status: 'warning',
      title: expect.stringContaining('4.2'),
    });
  });

  it('does not call QEMU missing where the settings cannot be read', async () => {
    expect((await diagnose({ VMCTL_QEMU_ACCEL: 'warp' }))['qemu']).toMatchObject({
      status: 'warning',
      title: 'QEMU was not looked for',
      fix: 'vmctl config',
    });
  });

  it('names a setting that leads nowhere, and what is not in PATH', async () => {
    const found = await diagnose({ VMCTL_QEMU: '/nowhere/qemu', PATH: directory.path });
    expect(found['qemu']).toMatchObject({
      status: 'error',
      title: 'QEMU is set to "/nowhere/qemu", which cannot be run',
      fix: expect.stringContaining('vmctl config'),
    });
    expect(found['qemu-img']).toMatchObject({ status: 'error', fix: expect.stringContaining('qemu') });
    expect(found['kvm']).toMatchObject({ status: 'warning' });
  });
});

describe('the diagnosis of the bridge helper', () => {
  const directory = useTemporaryDirectory();

  async function files(mode: number, rules?: string) {
    await mkdir(join(directory.path, 'etc'));
    const helper = join(directory.path, 'qemu-bridge-helper');
    const acl = join(directory.path, 'etc', 'bridge.conf');
    await writeFile(helper, '');
    await chmod(helper, mode);
    if (rules !== undefined) await writeFile(acl, rules);
    return { helpers: ['/nowhere', helper], acl };
  }

  it('is fine when the helper may run and has a bridge', async () => {
    const parts = await files(0o755, '# bridges\nallow br0\n');
    expect(await bridgeFinding({ ...parts, root: true })).toMatchObject({ status: 'ok' });
  });

  it.each([undefined, '', '# allow br0\n', 'deny all\n'])(
    'says that no bridge is allowed by %j',
    async (rules) => {
      const parts = await files(0o755, rules);
      expect(await bridgeFinding({ ...parts, root: true })).toMatchObject({
        status: 'warning',
        fix: expect.stringContaining('allow br0'),
      });
    },
  );

  it('says that the helper lacks its rights', async () => {
    const parts = await files(0o755, 'allow all\n');
    expect(await bridgeFinding({ ...parts, root: false })).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('chmod u+s'),
    });
  });

  it('says that there is no helper', async () => {
    expect(await bridgeFinding({ helpers: ['/nowhere'] })).toMatchObject({
      status: 'warning',
      title: expect.stringContaining('not installed'),
    });
  });
});
