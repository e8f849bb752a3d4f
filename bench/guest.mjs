/** A real Debian guest under QEMU. */
import { join } from 'node:path';
import { outputOf } from '../scripts/processes.mjs';

/** The image that demo and tests boot as well; built when it is not there yet. */
export async function guestImage() {
  return (await outputOf('node', ['scripts/guest-image.mjs'])).trim();
}

/**
 * A VM of a VMFile, one processor so that two of them have one each.
 *
 * @param {string} name
 * @param {string} image
 */
export function guestNode(name, image) {
  return `vm "${name}" {
    image "${image}"
    vcpus 1
    memory 512
    cloud-init
    ssh { timeout 600 }
}\n`;
}

/**
 * How to log in to a VM.
 *
 * @param {string} directory with its key and known_hosts: the work directory, or copies
 * @param {Record<string, unknown>} handle of vms.json
 * @returns {import('./ssh-target.mjs').SshTarget}
 */
export function guestTarget(directory, { name, ssh_host_port: port, ssh_user: user = 'vm' }) {
  return {
    host: '127.0.0.1',
    port: Number(port),
    user: String(user),
    keyPath: join(directory, 'id_ed25519_generated'),
    knownHosts: join(directory, 'known_hosts'),
    // The name under which vmctl pins a VM's host key.
    alias: `vmctl-${String(name)}`,
  };
}
