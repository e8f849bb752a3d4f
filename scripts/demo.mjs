/**
 * `npm run demo`: two real guests from examples/hello, also right after `git clone`. vmctl runs in a home of its own,
 * `.demo/`, so that nothing of it meets the VMs and plugins of this user. A further run goes on where the last one ended.
 */
import { lstat, mkdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrap } from './bootstrap.mjs';
import { main, repositoryRoot, run } from './processes.mjs';

const home = join(repositoryRoot, '.demo');
const vmctlPath = join(home, 'vmctl');
const example = join(repositoryRoot, 'examples/hello');
const pageUrl = 'http://127.0.0.1:18080/';
const pageText = 'Hello from a virtual machine';
const pageTimeoutMs = 30_000;

/** @param {string[]} args */
const vmctl = (...args) => {
  process.stdout.write(`\n$ vmctl ${args.map((arg) => arg.replace(repositoryRoot, '')).join(' ')}\n`);
  return run(vmctlPath, args, { cwd: example });
};

/** A `vmctl` that keeps everything in the demo's home. */
async function writeWrapper() {
  /** @param {string} word */
  const quoted = (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const variables = ['DATA', 'CONFIG', 'CACHE', 'STATE'].map(
    (name) => `export XDG_${name}_HOME=${quoted(join(home, name.toLowerCase()))}`,
  );
  const node = quoted(join(repositoryRoot, 'node_modules/.bin/node'));
  const program = quoted(join(repositoryRoot, 'packages/core/bin/run.js'));
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(
    vmctlPath,
    `#!/bin/sh\n# vmctl of this repository, with data and plugins in this directory.\n${variables.join('\n')}\nexec ${node} ${program} "$@"\n`,
    { mode: 0o755 },
  );
}

/**
 * Puts the link that the VMFile names. VMs stand on the image they were made from, so a new image means new VMs.
 *
 * @param {string} image
 */
async function linkImage(image) {
  const link = join(example, 'debian-12.qcow2');
  const present = await lstat(link).catch(() => undefined);
  if (present !== undefined) {
    if (present.isSymbolicLink() && (await readlink(link)) === image) return;
    await vmctl('down', '--destroy', '--yes');
    await rm(link);
  }
  await symlink(image, link);
}

/** The page as this machine gets it. The service may need a moment after `systemctl` came back. */
async function fetchPage() {
  const deadline = performance.now() + pageTimeoutMs;
  for (;;) {
    try {
      const response = await fetch(pageUrl, { signal: AbortSignal.timeout(5000) });
      if (response.ok) return await response.text();
      throw new Error(`${pageUrl} answered ${response.status}`);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

await main(async () => {
  const { image } = await bootstrap('demo');
  await writeWrapper();
  for (const plugin of ['plugin-qemu', 'plugin-provisioners']) {
    await vmctl('plugins', 'link', join(repositoryRoot, 'packages', plugin));
  }
  await linkImage(image);
  await vmctl('up');

  process.stdout.write(`\n$ curl ${pageUrl}\n`);
  const page = await fetchPage();
  process.stdout.write(page);
  if (!page.includes(pageText))
    throw new Error(`The page at ${pageUrl} is not the one of examples/hello/site.`);

  await vmctl('list');
  const wrapper = relative(process.cwd(), vmctlPath);
  process.stdout.write(`
The page came from the guest "web". The VMs go on running; look around in examples/hello:

  cd examples/hello
  ../../.demo/vmctl ssh web
  ../../.demo/vmctl log client --provision

Stop them, and remove them with all that the demo made:

  ${wrapper} down --destroy --file examples/hello/VMFile.kdl
  rm -r .demo
`);
});
