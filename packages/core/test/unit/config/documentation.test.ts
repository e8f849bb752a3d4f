import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NAMES, USER_NAMES } from '../../../src/config/find-config.js';
import { MIRRORS_VARIABLE, SETTING_KEYS, SETTINGS } from '../../../src/config/settings.js';

const root = join(import.meta.dirname, '../../../../..');
const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
const topic = readFileSync(join(root, 'packages/core/help/config.md'), 'utf8');

describe('docs/configuration.md', () => {
  it.each(SETTING_KEYS)('has %s in its table, with its variable and its flag', (key) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${key}\``)) ?? '';
    const { variable, flag } = SETTINGS[key];
    expect(row).toContain(`\`${variable}\``);
    if (flag !== undefined) expect(row).toContain(`\`${flag}\``);
  });

  it.each([...PROJECT_NAMES, ...USER_NAMES, MIRRORS_VARIABLE])('names %s', (word) => {
    expect(page).toContain(`\`${word}`);
  });
});

describe('vmctl help config', () => {
  it('names every variable', () => {
    const variables = [...SETTING_KEYS.map((key) => SETTINGS[key].variable), MIRRORS_VARIABLE];
    expect(variables.filter((variable) => !topic.includes(`\`${variable}\``))).toEqual([]);
  });
});
