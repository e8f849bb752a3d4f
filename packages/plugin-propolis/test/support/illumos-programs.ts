import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bundledProgram } from './bundled-program.js';
import { FakeIllumos } from './fake-illumos.js';

const [PROGRAM, SERVER, RECORDER] = await Promise.all([
  bundledProgram('test/support/fake-illumos-program.ts'),
  bundledProgram('src/testing/propolis-server.ts'),
  bundledProgram('src/serial/recorder-program.ts'),
]);
const ROM_BYTES = 64 * 1024;

/** What runs the recorder of the console. */
export const RECORDER_COMMAND: readonly string[] = [process.execPath, RECORDER];

/** A fake host whose tools are programs in PATH. */
export interface IllumosPrograms {
  readonly fake: FakeIllumos;
  /** What commands of that host see, and the settings of the plugin. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Makes a fake host in a directory: its state, and a directory of programs (`zfs`, `dladm`, `pfexec`, `propolis-server`, …)
 * that is first in PATH.
 */
export async function makeIllumos(directory: string): Promise<IllumosPrograms> {
  const state = join(directory, 'illumos');
  const bin = join(directory, 'bin');
  const fake = FakeIllumos.create(state);
  await mkdir(bin, { recursive: true });
  const script = async (name: string, command: string): Promise<void> => {
    const path = join(bin, name);
    await writeFile(path, `#!/bin/sh\n${command}\n`);
    await chmod(path, 0o755);
  };
  const node = process.execPath;
  for (const tool of FakeIllumos.tools) await script(tool, `exec ${node} ${PROGRAM} ${tool} "$@"`);
  // It becomes the program, and knows no options but -P.
  await script(
    'pfexec',
    'case "$1" in -*|"") echo "usage: pfexec [-P privset] cmd [arg ..]" >&2; exit 1;; esac\nexec "$@"',
  );
  // The name under which its process is found.
  await mkdir(join(directory, 'libexec'), { recursive: true });
  const server = join(directory, 'libexec', 'propolis-server');
  if (!existsSync(server)) await symlink(SERVER, server);
  await script('propolis-server', `exec ${node} ${server} "$@"`);
  const bootrom = join(directory, 'OVMF_CODE.fd');
  await writeFile(bootrom, Buffer.alloc(ROM_BYTES));
  return {
    fake,
    env: {
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
      FAKE_ILLUMOS_STATE: state,
      FAKE_ILLUMOS_BIN: bin,
      VMCTL_PROPOLIS_BOOTROM: bootrom,
    },
  };
}
