import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { itWith } from '../../packages/core/test/support/programs.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

const execFileAsync = promisify(execFile);

/** Against hanging only. */
const LIMIT = 120_000;

let home: VmctlHome;
let env: Record<string, string>;

beforeAll(async () => {
  home = await VmctlHome.create();
  const bin = join(home.root, 'bin');
  await mkdir(bin);
  await symlink(process.execPath, join(bin, 'node'));
  await symlink(join(repositoryRoot, 'packages/core/bin/run.js'), join(bin, 'vmctl'));
  env = { ...home.env, PATH: [bin, home.env['PATH'] ?? ''].join(delimiter) };
  await mkdir(home.dataDir, { recursive: true });
  await home.write('vm "web" { provision "shell" name="site" }\nvm "app" {}');
  await home.write('', 'notes.txt');
  await home.write('', 'sub folder/inner');
});
afterAll(async () => {
  await home.remove();
}, LIMIT);

/** VMs that exist by name alone; gone before the home is removed, which destroys what is registered. */
async function withVms(work: () => Promise<void>): Promise<void> {
  const file = join(home.dataDir, 'vms.json');
  await writeFile(file, '{"web":{"backend":"noop"},"db-1":{"backend":"noop"}}');
  try {
    await work();
  } finally {
    await writeFile(file, '{}');
  }
}

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execFileAsync(program, args, { env, cwd: home.project });
  expect(stderr).toBe('');
  return stdout;
}

describe('vmctl __complete', () => {
  it('says nothing about what is broken', async () => {
    await home.write('vm "web" {', 'broken.kdl');
    await writeFile(join(home.dataDir, 'vms.json'), '{"web"');
    try {
      for (const words of [
        ['stop', ''],
        ['up', '--file', 'missing.kdl', '--name', ''],
        ['image', 'remove', ''],
      ]) {
        expect(await home.vmctl('__complete', '--', ...words)).toMatchObject({
          code: 0,
          stdout: '',
          stderr: '',
        });
      }
      const names = await home.vmctl('__complete', '--', 'up', '-f', 'broken.kdl', '-n', '');
      expect(names).toMatchObject({ code: 0, stdout: 'web\n', stderr: '' });
    } finally {
      await writeFile(join(home.dataDir, 'vms.json'), '{}');
    }
  });

  it('looks where the configuration has the VMs, and runs no program for that', async () => {
    const elsewhere = join(home.root, 'elsewhere');
    await home.write('{"elsewhere":{}}', join('..', 'elsewhere', 'vms.json'));
    const names = async (variables: Readonly<Record<string, string>> = {}) =>
      (await home.start(['__complete', '--', 'stop', 'e'], { env: variables }).done).stdout;
    expect(await names()).toBe('');
    expect(await names({ VMCTL_DATA_DIR: elsewhere })).toBe('elsewhere\n');
    const text = await home.write(`{"dataDir":${JSON.stringify(elsewhere)}}`, 'vmctl.config.json');
    expect(await names()).toBe('elsewhere\n');
    await rm(text);
    const program = await home.write(`process.stdout.write('ran')`, 'vmctl.config.mjs');
    expect(await names({ VMCTL_DATA_DIR: elsewhere })).toBe('elsewhere\n');
    await rm(program);
  });

  it('loads nothing of oclif, which would take longer than a finger on the key', async () => {
    const modules = join(home.root, 'modules.txt');
    const recorder = pathToFileURL(join(repositoryRoot, 'test/support/record-modules.mjs'));
    const { stdout } = await home.start(['__complete', '--', 'star'], {
      env: { RECORD_MODULES: modules, NODE_OPTIONS: `--import ${recorder.href}` },
    }).done;
    expect(stdout).toBe('start\tStart VMs that exist.\n');
    const loaded = (await readFile(modules, 'utf8')).split('\n');
    expect(loaded.length).toBeGreaterThan(5);
    expect(loaded.filter((url) => url.includes('node_modules'))).toEqual([]);
  });
});

describe('completion in bash', () => {
  /** What bash's function offers for a line, cursor at its end; `words` as readline parts it. */
  const offered = async (line: string, ...words: readonly string[]): Promise<readonly string[]> => {
    const script = `source <(vmctl completion bash)
      COMP_LINE=$1; COMP_POINT=\${#1}; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      _vmctl
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const output = await run('bash', '--norc', '-c', script, 'bash', line, ...words);
    return output.split('\n').filter((word) => word !== '');
  };

  it('is bound to the command', async () => {
    expect(await run('bash', '--norc', '-c', 'source <(vmctl completion bash); complete -p vmctl')).toMatch(
      /^complete .*-F _vmctl vmctl$/m,
    );
  });

  it('knows commands, flags, their values, and VMs', async () => {
    await withVms(async () => {
      expect(await offered('vmctl st', 'vmctl', 'st')).toEqual(['start', 'status', 'stop']);
      expect(await offered('vmctl plugins un', 'vmctl', 'plugins', 'un')).toEqual(['uninstall']);
      expect(await offered('vmctl wait --t', 'vmctl', 'wait', '--t')).toEqual(['--timeout']);
      expect(await offered('vmctl stop ', 'vmctl', 'stop', '')).toEqual(['web', 'db-1']);
      expect(await offered('vmctl up ', 'vmctl', 'up', '')).toEqual(['web', 'app']);
      expect(await offered('vmctl up --name ', 'vmctl', 'up', '--name', '')).toEqual(['web', 'app']);
      expect(await offered('vmctl provision --only ', 'vmctl', 'provision', '--only', '')).toEqual(['site']);
    });
  });

  it('puts together what readline parts at = and :, and leaves out what stands there already', async () => {
    await withVms(async () => {
      expect(await offered('vmctl wait --for=r', 'vmctl', 'wait', '--for', '=', 'r')).toEqual([
        'ready',
        'running',
      ]);
      expect(await offered('vmctl wait --for=', 'vmctl', 'wait', '--for', '=')).toEqual([
        'ready',
        'running',
        'stopped',
      ]);
      expect(await offered('vmctl cp we', 'vmctl', 'cp', 'we')).toEqual(['web:']);
      expect(await offered('vmctl cp web:/et', 'vmctl', 'cp', 'web', ':', '/et')).toEqual([]);
    });
  });

  it('calls the vmctl that was typed, with its path', async () => {
    await withVms(async () => {
      expect(await offered('~/bin/vmctl stop d', '~/bin/vmctl', 'stop', 'd')).toEqual(['db-1']);
    });
  });

  it('takes only what is before the cursor', async () => {
    const script = `source <(vmctl completion bash)
      COMP_LINE='vmctl sto web'; COMP_POINT=9; COMP_WORDS=(vmctl sto web); COMP_CWORD=1
      _vmctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(await run('bash', '--norc', '-c', script)).toBe('stop\n');
  });

  itWith('tmux')(
    'completes names and files on a terminal',
    async () => {
      await withVms(async () => {
        const tmux = await Tmux.create({ cwd: home.project, env });
        try {
          await tmux.type(`exec bash --norc --noprofile`);
          await tmux.type(`PS1='> '; source <(vmctl completion bash); echo re''ady`);
          await tmux.shows(/^ready/m);
          await tmux.write('vmctl stop d');
          await tmux.press('Tab');
          await tmux.shows(/vmctl stop db-1 /);
          await tmux.press('C-u');
          await tmux.write('vmctl fmt no');
          await tmux.press('Tab');
          await tmux.shows(/vmctl fmt notes\.txt/);
        } finally {
          await tmux.end();
        }
      });
    },
    LIMIT,
  );
});

describe('completion in zsh', () => {
  itWith('zsh', 'tmux')(
    'knows commands with what they do, VMs, values and files',
    async () => {
      await withVms(async () => {
        const tmux = await Tmux.create({ cwd: home.project, env });
        try {
          await tmux.type('exec zsh -f');
          await tmux.type("PS1='> '; autoload -Uz compinit; compinit -u -D");
          await tmux.type("source <(vmctl completion zsh); clear; echo re''ady");
          await tmux.shows(/^ready/m);
          for (const [words, shown] of [
            ['vmctl st', /^start +-- Start VMs/m],
            ['vmctl stop ', /db-1 +web +-- noop/],
            ['vmctl wait --for=re', /vmctl wait --for=ready/],
            ['vmctl up --file no', /vmctl up --file notes\.txt/],
            ['vmctl up --file=no', /vmctl up --file=notes\.txt/],
            ['vmctl cp d', /vmctl cp db-1:/],
          ] as const) {
            await tmux.write(words);
            await tmux.press('Tab');
            await tmux.shows(shown);
            await tmux.press('C-u');
          }
        } finally {
          await tmux.end();
        }
      });
    },
    LIMIT,
  );
});

describe('completion in fish', () => {
  itWith('fish')(
    'knows commands with what they do, VMs, values and files',
    async () => {
      const completions = join(home.root, 'config/fish/completions');
      await mkdir(completions, { recursive: true });
      const { stdout } = await home.vmctl('completion', 'fish');
      await writeFile(join(completions, 'vmctl.fish'), stdout);
      const offered = async (line: string) =>
        (await run('fish', '--command', `complete --do-complete='${line}'`)).trimEnd().split('\n');
      await withVms(async () => {
        expect(await offered('vmctl star')).toEqual(['start\tStart VMs that exist.']);
        expect(await offered('vmctl stop ')).toEqual(['web\tnoop', 'db-1\tnoop']);
        expect(await offered('vmctl wait --for=re')).toEqual(['--for=ready']);
        expect(await offered('vmctl up --file no')).toEqual(['notes.txt']);
        expect(await offered('vmctl up --file=no')).toEqual(['--file=notes.txt']);
        expect(await offered('vmctl plugins link ')).toEqual(['sub folder/']);
        expect(await offered('vmctl cp d')).toEqual(['db-1:\tnoop']);
      });
    },
    LIMIT,
  );
});

describe('vmctl completion', () => {
  it('takes the shell from the environment, or says which it knows', async () => {
    const script = await home.start(['completion'], { env: { SHELL: '/usr/bin/fish' } }).done;
    expect(script.stdout).toBe((await home.vmctl('completion', 'fish')).stdout);
    const none = await home.start(['completion'], { env: { SHELL: '/bin/dash' } }).done;
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh or fish') });
    expect((await home.vmctl('completion', 'tcsh')).stderr).toContain('one of bash, zsh, fish, not `tcsh`');
  });
});
