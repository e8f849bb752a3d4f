import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { provisionerConformance } from '@vmctl/conformance';
import { login } from '../../../core/test/support/guest.js';
import { type Sshd, startSshd } from '../../../core/test/support/sshd.js';
import plugin from '../../src/plugin.js';

const runner = { describe, it };
/** The guest is this machine, behind a real sshd: what is copied goes here. */
const target = mkdtempSync(join(tmpdir(), 'vmctl-copied-'));
let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(async () => {
  await sshd.stop();
  rmSync(target, { recursive: true, force: true });
});

async function connect() {
  const guest = await login(sshd);
  return { guest, end: () => guest.end() };
}

await provisionerConformance(runner, {
  plugin,
  connect,
  type: 'shell',
  files: { 'setup.sh': '#!/bin/sh\necho set up\n', 'windows.sh': '#!/bin/sh\r\n' },
  examples: [
    { name: 'commands', vmfile: 'provision "shell" { inline "uptime" "echo $KEY"; env { KEY "value" } }' },
    {
      name: 'a script',
      vmfile: 'provision "shell" {\n  script "setup.sh"\n  args "--fast"\n}',
      dependsOn: ['setup.sh'],
    },
  ],
  invalid: [
    { name: 'neither', vmfile: 'provision "shell"', message: 'needs "inline" or "script"' },
    {
      name: 'a script that is not there',
      vmfile: 'provision "shell" {\n  script "no.sh"\n}',
      message: 'does not exist',
      at: { line: 2, column: 10 },
    },
    {
      name: 'a script of Windows',
      vmfile: 'provision "shell" script="windows.sh"',
      message: /Windows line ends/,
    },
  ],
});

await provisionerConformance(runner, {
  plugin,
  connect,
  type: 'file',
  files: { 'site/index.html': 'hello', 'site/css/a.css': 'b {}' },
  examples: [
    {
      name: 'a file',
      vmfile: `provision "file" { source "site/index.html"; destination "${target}/index.html" }`,
      dependsOn: ['site/index.html'],
    },
    {
      name: 'a directory',
      vmfile: `provision "file" source="site" destination="${target}/www"`,
      dependsOn: ['site/css/a.css'],
    },
  ],
  invalid: [
    {
      name: 'a relative destination',
      vmfile: 'provision "file" {\n  source "site"\n  destination "www"\n}',
      message: 'absolute path',
      at: { line: 3, column: 15 },
    },
  ],
});
