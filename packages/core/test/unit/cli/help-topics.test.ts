import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { helpTopics, readHelpTopic } from '../../../src/cli/help-topics.js';
import { inspectConfiguration } from '../../../src/config/load-configuration.js';
import { MIRRORS_VARIABLE, SETTINGS } from '../../../src/config/settings.js';
import { errorRegistry, EXIT } from '../../../src/errors/registry.js';
import { topicText } from '../../../src/ui/topic-text.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const core = join(import.meta.dirname, '../../..');
const plain = (text: string): string => text;
const style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };

/** The first code of each item in a section's list. */
function items(markdown: string): string[] {
  return [...markdown.matchAll(/^- (?:`([^`]+)`|(\d+)):/gm)].map(([, code, number]) => code ?? number ?? '');
}

describe('the help topics', () => {
  it('have a file each, and no file has none', () => {
    const files = readdirSync(join(core, 'help')).map((name) => name.replace(/\.md$/, ''));
    expect(files.toSorted()).toEqual(Object.keys(helpTopics).toSorted());
  });

  it.each(Object.keys(helpTopics))('%s fits a terminal, and is short', async (name) => {
    const lines = topicText(await readHelpTopic(name), style).split('\n');
    expect(lines[0]).toMatch(/^[A-Z]/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThan(60);
  });

  it.each(Object.keys(helpTopics))('%s mentions no code, and no topic, that is none', async (name) => {
    const text = await readHelpTopic(name);
    const variables = [...Object.values(SETTINGS).map(({ variable }) => variable), MIRRORS_VARIABLE];
    const others = ['VMCTL_CACHE_DIR', 'VMCTL_CONFIG_DIR', 'VMCTL_NPM_REGISTRY', 'VMCTL_QEMU'];
    const known = [...Object.keys(errorRegistry), ...variables, ...others];
    expect((text.match(/VMCTL_[A-Z_]+/g) ?? []).filter((word) => !known.includes(word))).toEqual([]);
    const topics = [...text.matchAll(/vmctl help ([a-z-]+)/g)].map(([, topic = '']) => topic);
    expect(topics.filter((topic) => !Object.hasOwn(helpTopics, topic))).toEqual([]);
  });

  it('have every setting of a vm that the reference has', async () => {
    const reference = readFileSync(join(core, '../../docs/reference/vmfile.md'), 'utf8');
    const [, table = ''] = /^## vm\n([^]*?)^## /m.exec(reference) ?? [];
    const settings = [...table.matchAll(/^\| \[`([a-z-]+)`\]/gm)].map(([, name = '']) => name);
    expect(settings.length).toBeGreaterThan(10);
    const topic = await readHelpTopic('vmfile');
    expect(settings.filter((name) => !topic.includes(`\`${name}\``))).toEqual([]);
    expect(items(topic).filter((name) => !settings.includes(name))).toEqual([]);
  });

  it('have every kind of run that a step can have', async () => {
    const reference = readFileSync(join(core, '../../docs/reference/vmfile.md'), 'utf8');
    const [, row = ''] = /^\| `run` +\|(.*)\|/m.exec(reference) ?? [];
    const kinds = ['always', 'once', 'changed', 'never'];
    expect(kinds.every((kind) => row.includes(`\`${kind}\``))).toBe(true);
    const topic = await readHelpTopic('provisioning');
    expect(items(topic).filter((item) => item.startsWith('run='))).toEqual(
      kinds.map((kind) => `run="${kind}"`),
    );
  });

  it('show a configuration that is right', async () => {
    const [, yaml = ''] = /^```yaml\n([^]*?)^```/m.exec(await readHelpTopic('config')) ?? [];
    await writeFile(join(directory.path, 'vmctl.config.yaml'), yaml);
    const place = { cwd: directory.path, homeDir: directory.path, env: {} };
    const configuration = await inspectConfiguration(place);
    expect(configuration?.problems).toEqual([]);
    expect(configuration?.value('timeouts.ready')).toBe(300);
  });

  it('have every variable of the configuration', async () => {
    const named = items(await readHelpTopic('config'));
    const variables = [...Object.values(SETTINGS).map(({ variable }) => variable), MIRRORS_VARIABLE];
    expect(variables.filter((variable) => !named.includes(variable))).toEqual([]);
  });

  it('have every exit status', async () => {
    const statuses = ['0', ...Object.values(EXIT).map(String)].toSorted((a, b) => Number(a) - Number(b));
    const numbers = items(await readHelpTopic('exit-codes')).filter((item) => /^\d+$/.test(item));
    expect(numbers).toEqual(statuses);
  });
});
