import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only. */
const LIMIT = 120_000;

let project: NoopProject;
let guestHome: string;
let config: string;

beforeAll(async () => {
  project = await NoopProject.create();
  guestHome = project.sshd.home(project.sshd.user);
  await project.home.write(project.vm('web') + project.vm('db'));
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
  const { stdout } = await project.vmctl('ssh-config');
  config = await project.home.write(stdout, 'ssh.conf');
}, LIMIT);

afterAll(async () => {
  await project?.remove();
}, LIMIT);

/** Runs a program of the host, without the configuration and the agent of whoever runs the tests. */
function run(file: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...project.home.env, ANSIBLE_NOCOLOR: '1', ANSIBLE_SSH_ARGS: `-F ${config}` };
    execFile(file, args, { env, cwd: project.home.project, timeout: LIMIT }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}

describe('the output of vmctl ssh-config', () => {
  it.each(['web', 'vmctl-web', 'db'])('takes the real ssh to %s', async (host) => {
    expect(await run('ssh', '-F', config, '-o', 'BatchMode=yes', host, 'echo', 'hello')).toBe('hello\n');
  });

  it('checks the pinned host key, and asks nobody', async () => {
    const settings = await run('ssh', '-F', config, '-G', 'web');
    expect(settings).toMatch(/^stricthostkeychecking true$/m);
    expect(settings).toMatch(/^identitiesonly yes$/m);
    expect(settings).toMatch(/^hostkeyalias vmctl-web$/m);
    const knownHosts = join(project.home.workDir('web'), 'known_hosts');
    const pinned = await readFile(knownHosts, 'utf8');
    const other = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ3YnWTfqyVFGzbHF9cSlSOkd0C8FQzTOuO4QxTSxk8v';
    await writeFile(knownHosts, `vmctl-web ssh-ed25519 ${other}\n`);
    try {
      await expect(run('ssh', '-F', config, 'web', 'true')).rejects.toThrow(/verification failed/);
    } finally {
      await writeFile(knownHosts, pinned);
    }
  });

  it('takes scp both ways', async () => {
    const file = await project.home.write('by scp\n', 'sent.txt');
    await run('scp', '-F', config, file, `web:${guestHome}/by-scp`);
    expect(await readFile(join(guestHome, 'by-scp'), 'utf8')).toBe('by scp\n');
    await run('scp', '-F', config, `web:${guestHome}/by-scp`, join(project.home.project, 'back.txt'));
    expect(await readFile(join(project.home.project, 'back.txt'), 'utf8')).toBe('by scp\n');
  });

  it('takes rsync', async () => {
    await project.home.write('page', 'site/index.html');
    await run('rsync', '-a', '-e', `ssh -F ${config}`, 'site/', `web:${guestHome}/by-rsync/`);
    expect(await readFile(join(guestHome, 'by-rsync/index.html'), 'utf8')).toBe('page');
  });

  it(
    'takes Ansible',
    async () => {
      const answer = await run(
        ...(['ansible', '-i', 'web,db,', 'all', '-m', 'ansible.builtin.ping'] as const),
        ...[
          '-e',
          'ansible_python_interpreter=/usr/bin/python3',
          '-e',
          `ansible_remote_tmp=${guestHome}/.ansible`,
        ],
      );
      expect(answer).toMatch(/^web \| SUCCESS/m);
      expect(answer).toMatch(/^db \| SUCCESS/m);
    },
    LIMIT,
  );

  it('has only the VMs that are named', async () => {
    const { stdout } = await project.vmctl('ssh-config', 'db');
    expect(stdout).toMatch(/^Host db vmctl-db$/m);
    expect(stdout).not.toMatch(/^Host web/m);
  });

  it('is there as JSON', async () => {
    const { stdout } = await project.vmctl('ssh-config', 'web', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      hosts: [
        {
          vm: 'web',
          aliases: ['web', 'vmctl-web'],
          host: '127.0.0.1',
          port: project.sshd.port,
          user: project.sshd.user,
          identityFiles: expect.arrayContaining([project.sshd.identityPath]),
          hostKeyAlias: 'vmctl-web',
        },
      ],
    });
  });

  it('leaves VMs without an address out, and says so; a named one is an error', async () => {
    const all = await project.home.vmctl('ssh-config');
    expect(all.code).toBe(0);
    expect(all.stderr).toContain('web is left out: the noop backend boots no guest');
    const named = await project.home.vmctl('ssh-config', 'web');
    expect(named.code).toBe(1);
    expect(named.stderr).toContain('VMCTL_GUEST_UNREACHABLE');
  });
});

describe('vmctl ssh-config --install', () => {
  const userConfig = (): string => join(project.home.root, '.ssh/config');
  const before = 'Host web\n  HostName web.example.com\n\nHost *\n  Compression yes\n';

  beforeAll(async () => {
    await rm(join(project.home.root, '.ssh'), { recursive: true, force: true });
  });

  it('makes ~/.ssh/config where there is none, for its owner only', async () => {
    expect(await project.vmctl('ssh-config', '--install')).toMatchObject({ code: 0 });
    expect((await stat(userConfig())).mode & 0o777).toBe(0o600);
    expect((await stat(join(userConfig(), '..'))).mode & 0o777).toBe(0o700);
    expect(await run('ssh', '-F', userConfig(), 'vmctl-web', 'echo', 'hello')).toBe('hello\n');
  });

  it('adds one line at the top and keeps the rest, the mode, and a symbolic link', async () => {
    const real = join(project.home.root, 'dotfiles-config');
    await writeFile(real, before);
    await chmod(real, 0o640);
    await rm(userConfig());
    await symlink(real, userConfig());
    const first = await project.vmctl('ssh-config', '--install');
    expect(first.stdout).toMatch(/includes it now\.\nNow: ssh vmctl-\w+\n$/);
    const text = await readFile(real, 'utf8');
    expect(text.endsWith(`\n${before}`)).toBe(true);
    expect(text.match(/^Include /gm)).toHaveLength(1);
    expect((await stat(real)).mode & 0o777).toBe(0o640);

    const second = await project.vmctl('ssh-config', '--install');
    expect(second.stdout).toContain('includes it already');
    expect(await readFile(real, 'utf8')).toBe(text);
  });

  it('hides no host of the user', async () => {
    expect(await run('ssh', '-F', userConfig(), '-G', 'web')).toMatch(/^hostname web\.example\.com$/m);
    expect(await run('ssh', '-F', userConfig(), '-G', 'vmctl-db')).toMatch(/^hostname 127\.0\.0\.1$/m);
  });

  it('adds the line where it stands in a block only', async () => {
    const include = `Include "${join(project.home.dataDir, 'ssh_config')}"`;
    await mkdir(join(userConfig(), '..'), { recursive: true });
    await rm(userConfig(), { force: true });
    await writeFile(userConfig(), `Host other\n  ${include}\n`);
    await project.vmctl('ssh-config', '--install');
    expect(await run('ssh', '-F', userConfig(), '-G', 'vmctl-web')).toMatch(/^hostname 127\.0\.0\.1$/m);
  });
});
