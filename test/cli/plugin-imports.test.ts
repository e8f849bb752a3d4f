import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NoopProject } from '../support/noop-project.js';
import { installPlugin, provisioner } from '../support/third-party-plugin.js';

const COUNT = 20;

let project: NoopProject;
let journal: string;
beforeAll(async () => {
  project = await NoopProject.create();
  journal = join(project.home.root, 'imports');
  for (let index = 1; index <= COUNT; index++) {
    const name = `acme-${index}`;
    await installPlugin(project.home, {
      name,
      contributes: { provisioners: [name], vmNodes: [`${name}-node`], up: 'vmNodes' },
      onImport: `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(journal)}, '${name}\\n');`,
      apply: provisioner(name),
    });
  }
});
afterAll(async () => {
  await project.remove();
});

/** The names of the plugins that a command imports, in order. */
async function importedBy(...args: readonly string[]): Promise<readonly string[]> {
  await rm(journal, { force: true });
  const { code, stdout, stderr } = await project.vmctl(...args);
  if (code !== 0) throw new Error(`vmctl ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  const text = await readFile(journal, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

describe(`with ${COUNT} plugins installed`, () => {
  it('up imports those that the VMFile uses, each once', async () => {
    await project.home.write(
      project.vm('web', 'provision "acme-7"; provision "acme-13"; provision "acme-7"') +
        project.vm('db', 'provision "acme-7"'),
    );
    expect(await importedBy('up')).toEqual(['acme-13', 'acme-7']);
  });

  it.each(['list', '--help', 'status', 'plugins', 'down'])('%s imports none', async (command) => {
    expect(await importedBy(command)).toEqual([]);
  });

  it('doctor imports all', async () => {
    // On a machine without the platform's backend doctor ends with 3; the imports are what counts.
    await importedBy('doctor').catch(() => undefined);
    expect((await readFile(journal, 'utf8')).trimEnd().split('\n')).toHaveLength(COUNT);
  });
});
