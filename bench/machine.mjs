/** Where figures were measured: they mean little without it. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What matters of this machine; `load` is that of the last minute, before the benchmarks. */
export function describeMachine() {
  return {
    processors: availableParallelism(),
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    qemu: firstLine('qemu-system-x86_64', '--version'),
    ssh: firstLine('ssh', '-V'),
    load: loadavg()[0],
  };
}

/**
 * The first line that a program prints, on whichever stream; undefined when there is no such program.
 *
 * @param {string} file
 * @param {string[]} args
 */
function firstLine(file, ...args) {
  const { error, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return error === undefined ? (stdout + stderr).split('\n')[0] : undefined;
}
