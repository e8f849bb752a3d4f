/**
 * Works on a registry in a process of its own; what it did, it says in lines.
 *
 * `count DIR NAME ROUNDS`: adds 1 to the VM's memory, ROUNDS times, and says "written" after each.
 * `add DIR PREFIX COUNT`: adds that many VMs.
 * `fill DIR`: adds ever larger VMs until it fails, then says the error's code and how many VMs it can still read.
 * `list DIR`: says the names.
 * `nobody DIR`: as an ordinary user, says the codes of errors when it opens the directory and adds a VM.
 */
import { isVmctlError } from '../../../src/errors/vmctl-error.js';
import type { VmHandle } from '../../../src/hypervisor/contract.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { VmRegistry } from '../../../src/state/vm-registry.js';
import { exampleHandle } from './example-handle.js';

const [mode, directory = '', name = '', count = ''] = process.argv.slice(2);
const dataDir = new DataDir(directory);
const registry = new VmRegistry(dataDir);
const say = (line: string) => process.stdout.write(`${line}\n`);
const codeOf = (error: unknown) => (isVmctlError(error) ? error.code : String(error));
const more = (by: number) => (vm: VmHandle | undefined) =>
  vm === undefined ? exampleHandle(name, directory) : { ...vm, memory_mb: vm.memory_mb + by };

switch (mode) {
  case 'count':
    for (let round = 0; round < Number(count); round++) {
      await registry.update(name, more(1));
      say('written');
    }
    break;
  case 'add':
    await Promise.all(
      Array.from({ length: Number(count) }, (_, index) =>
        registry.update(`${name}-${index}`, () => exampleHandle(`${name}-${index}`, directory)),
      ),
    );
    break;
  case 'fill':
    try {
      for (let index = 0; ; index++) {
        const note = 'x'.repeat(4000);
        await registry.update(`vm-${index}`, () => ({ ...exampleHandle(`vm-${index}`, directory), note }));
        say('written');
      }
    } catch (error) {
      say(codeOf(error));
      say(String((await registry.list()).length));
    }
    break;
  case 'nobody':
    process.setgroups?.([]);
    process.setgid?.(65534);
    process.setuid?.(65534);
    await dataDir.open().then(
      () => say('opened'),
      (error: unknown) => say(codeOf(error)),
    );
    await registry.update('web', more(1)).then(
      () => say('written'),
      (error: unknown) => say(codeOf(error)),
    );
    await registry.list().then(
      (vms) => say(String(vms.length)),
      (error: unknown) => say(codeOf(error)),
    );
    break;
  case 'list':
    say((await registry.list()).map((vm) => vm.name).join(' '));
    break;
  default:
    throw new Error(`unknown mode ${mode}`);
}
process.stdin.destroy();
