import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { provisionerConformance } from '@vmctl/conformance';
import plugin from '../src/plugin.js';

// What every provisioner owes to vmctl: https://www.npmjs.com/package/@vmctl/conformance
await provisionerConformance(
  { describe, it },
  {
    plugin,
    type: 'template-word',
    examples: [
      {
        name: 'two lines',
        vmfile: 'provision "template-word" { path "/etc/motd"; line "one" "two" }',
        after: (guest) => assert.equal(guest.commands.length, 1),
      },
    ],
    invalid: [
      {
        name: 'a relative path',
        vmfile: 'provision "template-word" { path "etc/motd"; line "one" }',
        message: /must be an absolute path/,
      },
      { name: 'no line', vmfile: 'provision "template-word" { path "/etc/motd" }', message: /at least one/ },
    ],
  },
);
