import type { VmStateName } from '../hypervisor/contract.js';

/** What to do for a VM that does not run, and has to; a clause without its full stop. */
export function startAdvice(name: string, state: VmStateName): string {
  if (state === 'suspended') return `Let it go on: vmctl resume ${name}`;
  // Nothing is there that could be started.
  if (state === 'destroyed') {
    return `\`vmctl up\` makes it anew from its VMFile, \`vmctl destroy ${name}\` forgets it`;
  }
  return `Start it: vmctl start ${name}`;
}
