import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';
import { installPlugin } from '../support/third-party-plugin.js';

/** A backend whose VMs are prepared, and no more. */
const WARP = `host.hooks.hypervisor.for('warp').tapPromise('acme', async () => ({
  name: 'warp',
  supports: { networks: ['none', 'user'], firmware: ['bios'], imageFormats: ['raw', 'qcow2'], console: 'none',
    suspend: false, snapshot: false, forwards: true },
  async prepare(spec) {
    return { id: spec.id, name: spec.name, backend: 'warp', work_dir: spec.workDir, vcpus: 1, memory_mb: 1,
      network: spec.network };
  },
  async start() { throw host.error('WARP_STOPPED', { message: 'No warp.' }); },
  async destroy() {},
  async state() { return { name: 'prepared' }; },
}));`;

describe('uninstalling the plugin of a backend', () => {
  let project: NoopProject;
  const install = () =>
    installPlugin(project.home, {
      name: 'acme',
      contributes: { hypervisors: { warp: { platforms: [] } } },
      apply: WARP,
    });
  beforeAll(async () => {
    project = await NoopProject.create();
    await install();
    await installPlugin(project.home, { name: 'idle' });
    await project.home.write('vm "web" { image "disk.img"; backend "warp"; network "none" }', 'warp.kdl');
    await project.vmctl('up', '--file', 'warp.kdl');
    expect(Object.keys(await project.states())).toEqual(['web']);
  });
  afterAll(async () => {
    await install(); // nothing else can destroy the VM
    await project.remove();
  });

  it('says nothing of VMs that do not need it', async () => {
    expect(await project.vmctl('plugins', 'uninstall', 'idle')).toMatchObject({ code: 0, stderr: '' });
  });

  it('names the VMs that cannot be worked with until it is back', async () => {
    const { code, stdout, stderr } = await project.vmctl('plugins', 'uninstall', 'acme');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Removed acme.\n' });
    expect(stderr).toBe(
      '! Without the backend warp vmctl cannot stop or destroy web.\n' +
        '  Install the plugin again to work with it.\n',
    );
  });
});
