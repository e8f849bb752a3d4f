import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A program to be run as QEMU: an ES module with `args`, its arguments, and `valueOf(option)`. */
export async function qemuScript(directory: string, body: string): Promise<string> {
  const path = join(directory, 'fake-qemu');
  const prelude = [
    `#!${process.execPath}`,
    `const args = process.argv.slice(2);`,
    `const valueOf = (option) => args[args.indexOf(option) + 1];`,
    `const qmpSocket = /id=qmp,path=([^,]*)/.exec(args.join(' '))?.[1];`,
    `const fs = require('node:fs'); const net = require('node:net');`,
  ];
  await writeFile(path, [...prelude, body].join('\n'));
  await chmod(path, 0o755);
  return path;
}
