import type { PublishedManifest } from './scripted-registry.js';

/** A package: what is in its package.json, and its other files. */
export type Package = readonly [manifest: PublishedManifest, files: Readonly<Record<string, string>>];

/**
 * A third party's plugin with the backend `acme`, which boots nothing. What it says of itself when a VM starts has its
 * version, and the version of the library that it depends on.
 */
export function acmeBackend(version: string, more: Readonly<Record<string, unknown>> = {}): Package {
  return [
    {
      name: '@acme/vmctl-backend',
      version,
      type: 'module',
      dependencies: { '@acme/lib': '^1.0.0' },
      peerDependencies: { '@vmctl/core': '*' },
      peerDependenciesMeta: { '@vmctl/core': { optional: true } },
      vmctl: {
        apiVersion: 1,
        entry: './plugin.js',
        contributes: { hypervisors: { acme: { platforms: [] } } },
      },
      ...more,
    },
    { 'plugin.js': source(version) },
  ];
}

/** What the plugin depends on. */
export function acmeLibrary(version: string): Package {
  return [
    { name: '@acme/lib', version, type: 'module', exports: './index.js' },
    { 'index.js': `export const version = '${version}';\n` },
  ];
}

function source(version: string): string {
  return `
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version as library } from '@acme/lib';

const stateFile = (vm) => join(vm.work_dir, 'acme-state');
const backend = {
  name: 'acme',
  supports: { suspend: false, snapshot: false, console: 'none', networks: ['user'], firmware: ['bios', 'uefi'],
    imageFormats: ['qcow2', 'raw'], forwards: true },
  async prepare(spec) {
    return { id: spec.id, name: spec.name, backend: 'acme', work_dir: spec.workDir, overlay_path: null,
      seed_iso_path: null, pid: null, qmp_socket: null, console_socket: null, vnc_addr: null, vcpus: spec.vcpus,
      memory_mb: spec.memoryMb, disk_gb: null, network: spec.network, ssh_host_port: null, mac_addr: spec.macAddress,
      uefi: false };
  },
  async start(vm) { await writeFile(stateFile(vm), 'running'); return { ...vm, booted: true }; },
  async stop(vm) { await writeFile(stateFile(vm), 'stopped'); return vm; },
  async suspend(vm) { return vm; },
  async resume(vm) { return vm; },
  async destroy() {},
  async state(vm) {
    const name = await readFile(stateFile(vm), 'utf8').catch(() => 'prepared');
    return { name, detail: 'acme ${version}' };
  },
  async guestAddress() { return { kind: 'none', reason: 'it boots nothing' }; },
  console() { return { kind: 'none', reason: 'it boots nothing' }; },
  async describe() { return 'acme ${version}, library ' + library; },
};

export default {
  name: '@acme/vmctl-backend',
  apiVersion: 1,
  apply(host) { host.hooks.hypervisor.for('acme').tapPromise('@acme/vmctl-backend', async () => backend); },
};
`;
}
