/** A home directory for vmctl that is gone after the benchmark. */
import { VmctlHome } from '../test/support/vmctl-home.ts';
import { owned } from './owned.mjs';

/**
 * @param {readonly string[]} plugins folders of packages/ to link
 * @returns {Promise<VmctlHome & AsyncDisposable>}
 */
export async function createHome(plugins) {
  const home = await VmctlHome.create({ plugins });
  return owned(home, () => home.remove());
}

/**
 * Runs vmctl and fails when it does.
 *
 * @param {VmctlHome} home
 * @param {readonly string[]} args
 */
export async function runVmctl(home, args) {
  const result = await home.vmctl(...args);
  if (result.code !== 0)
    throw new Error(`vmctl ${args.join(' ')} ended with ${result.code}: ${said(result)}`);
  return result;
}

/**
 * A VM's entry of vms.json.
 *
 * @param {VmctlHome} home
 * @param {string} name
 */
export async function handleOf(home, name) {
  const handle = (await home.registry())[name];
  if (handle === undefined) throw new Error(`there is no VM ${name}`);
  return handle;
}

/**
 * The end of what a command said.
 *
 * @param {{ stdout: string, stderr: string }} result
 */
export function said({ stdout, stderr }) {
  return `${stdout}${stderr}`.slice(-2_000);
}
