import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmctlEvent } from '../../src/events/events.js';
import { Vmctl } from '../../src/vmctl.js';
import { useTemporaryDirectory } from './temporary-directory.js';

/** vmctl as a library with a home of its own; its VMs are those of the noop backend. */
export function useNoopLibrary() {
  const directory = useTemporaryDirectory();
  const library = {
    get root(): string {
      return directory.path;
    },
    /** Writes a VMFile with these `vm` nodes; each stands on the same small disk. */
    async write(vms: Readonly<Record<string, string>>): Promise<void> {
      const disk = Buffer.alloc(1024 * 1024);
      disk.writeUInt16LE(0xaa55, 510);
      await writeFile(join(directory.path, 'disk.img'), disk);
      const nodes = Object.entries(vms).map(
        ([name, body]) => `vm "${name}" {\n  image "disk.img"\n  backend "noop"\n  ${body}\n}\n`,
      );
      await writeFile(join(directory.path, 'VMFile.kdl'), nodes.join('\n'));
    },
    /** Another process, as far as a library can tell. */
    open(): { readonly vmctl: Vmctl; readonly events: VmctlEvent[] } {
      const vmctl = new Vmctl({ env: {}, homeDir: directory.path, cwd: directory.path });
      const events: VmctlEvent[] = [];
      vmctl.subscribe((event) => {
        events.push(event);
      });
      return { vmctl, events };
    },
    /** What the noop backend keeps of a VM; a word that it does not know is a VM that has failed. */
    stateFile(vm: string): string {
      return join(directory.path, '.local/share/vmctl/vms', vm, 'noop-state');
    },
  };
  return library;
}
