import { describe, expect, it } from '@jest/globals';
import { sshAccess, sshArguments } from '../../../src/guest/ssh-command.js';
import { itWith, run } from '../../support/programs.js';

const base = {
  vm: 'Web',
  address: { kind: 'tcp', host: '127.0.0.1', port: 41022, source: 'port forward' } as const,
  user: 'ubuntu',
  keyPaths: ['/k/id'],
  knownHostsPath: '/d/known_hosts',
};

describe('sshArguments', () => {
  it('checks the host key strictly against the VM’s own file and offers the VM’s keys only', () => {
    const args = sshArguments({ ...base, command: ['uname', '-a'] });
    expect(args).toEqual(
      expect.arrayContaining([
        'StrictHostKeyChecking=yes',
        'UserKnownHostsFile="/d/known_hosts"',
        'HostKeyAlias=vmctl-web',
        'IdentityFile="/k/id"',
        'IdentitiesOnly=yes',
      ]),
    );
    expect(args.slice(-8)).toEqual(['-p', '41022', '-l', 'ubuntu', '127.0.0.1', '--', 'uname', '-a']);
  });

  it('opens a shell without a command', () => {
    expect(sshArguments(base).at(-1)).toBe('127.0.0.1');
  });

  it.each([
    [true, '-t'],
    [false, '-T'],
  ])('asks for a terminal: %s', (tty, flag) => {
    expect(sshArguments({ ...base, tty })[0]).toBe(flag);
  });

  it('leaves the choice of keys to ssh where there is none', () => {
    expect(sshArguments({ ...base, keyPaths: [] }).join(' ')).not.toMatch(/Identit/);
  });

  it('accepts and keeps a first key only where none is pinned', () => {
    expect(sshArguments({ ...base, pinned: false })).toContain('StrictHostKeyChecking=accept-new');
  });

  itWith('ssh')('gives paths that ssh reads as they are, with blanks, quotes and percent signs', async () => {
    const path = `/tmp/a b"c'd%h\\e/known hosts`;
    const args = sshArguments({ ...base, keyPaths: [`${path}.key`], knownHostsPath: path });
    const { stdout } = await run('ssh', ['-G', ...args]);
    expect(stdout).toContain(`userknownhostsfile ${path}\n`);
    // For keys, ssh expands the percent signs later than it prints them.
    expect(stdout).toContain(`identityfile ${path.replaceAll('%', '%%')}.key\n`);
    expect(stdout).toContain('hostkeyalias vmctl-web\n');
  });
});

describe('sshAccess', () => {
  it('gives the facts, and settings that stand in an ssh_config as they are', () => {
    const { settings, ...facts } = sshAccess(base);
    expect(facts).toEqual({
      host: '127.0.0.1',
      port: 41022,
      user: 'ubuntu',
      identityFiles: ['/k/id'],
      knownHostsFile: '/d/known_hosts',
      hostKeyAlias: 'vmctl-web',
    });
    expect(settings).toEqual(
      expect.arrayContaining(['StrictHostKeyChecking=yes', 'HostKeyAlias=vmctl-web', 'IdentitiesOnly=yes']),
    );
  });

  it('leaves it to the caller whether connections are shared', () => {
    expect(sshAccess(base).settings.join(' ')).not.toContain('Control');
    expect(sshArguments(base)).toContain('ControlPath=none');
  });
});
