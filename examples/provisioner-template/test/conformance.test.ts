import { describe, it } from 'node:test';
import { provisionerConformance } from '@vmctl/conformance';
import plugin from '../dist/plugin.js';

await provisionerConformance(
  { describe, it },
  {
    plugin,
    type: 'template',
    files: { 'motd.hbs': 'This is {{vm.name}} on port {{values.port}}.\n', 'values.json': '{ "port": 80 }' },
    examples: [
      {
        name: 'values of the step',
        vmfile: 'provision "template" { source "motd.hbs"; destination "/etc/motd"; values { port 80 } }',
        dependsOn: ['motd.hbs'],
      },
      {
        name: 'values of a file',
        vmfile:
          'provision "template" source="motd.hbs" destination="/etc/motd" values-file="values.json" mode="0600"',
      },
    ],
    invalid: [
      {
        name: 'a template that is not there',
        vmfile: 'provision "template" { source "motd.hsb"; destination "/etc/motd" }',
        message: /"source" cannot be used: ENOENT/,
      },
      {
        name: 'no destination',
        vmfile: 'provision "template" { source "motd.hbs" }',
        message: /needs "destination"/,
      },
    ],
  },
);
