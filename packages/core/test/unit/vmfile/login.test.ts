import { describe, expect, it } from '@jest/globals';
import { problemsWith, vmWith } from '../../support/vmfile.js';

describe('cloud-init', () => {
  it('needs nothing', async () => {
    expect((await vmWith('cloud-init')).cloudInit).toEqual({
      hostname: 'web',
      sshKeyPath: undefined,
      userDataPath: undefined,
    });
  });

  it('has a host name, and a key or user-data', async () => {
    expect(
      (await vmWith('cloud-init { hostname "Web-1.example.org"; ssh-key "~/.ssh/id.pub" }')).cloudInit,
    ).toEqual({
      hostname: 'Web-1.example.org',
      sshKeyPath: '/home/me/.ssh/id.pub',
      userDataPath: undefined,
    });
    expect((await vmWith('cloud-init user-data="cloud-config.yaml"')).cloudInit).toEqual({
      hostname: 'web',
      sshKeyPath: undefined,
      userDataPath: '/project/cloud-config.yaml',
    });
  });

  it('has no key beside user-data, for vmctl would not add it', async () => {
    expect(await problemsWith('cloud-init {\nuser-data "u"\nssh-key "k.pub"\n}')).toEqual([
      '5:9 "ssh-key" has no effect beside "user-data": vmctl then adds no user and no key (Put the key into the user-data file, or leave out "user-data".)',
    ]);
  });

  it.each(['', 'a b', '-a', 'a-', 'a..b', 'a_b', 'é', 'a'.repeat(65), 'a'.repeat(64)])(
    'refuses the host name "%s"',
    async (name) => {
      expect(await problemsWith(`cloud-init hostname="${name}"`)).toEqual([
        `3:21 "hostname" must be a host name (letters, digits, "-" and ".", at most 64), not "${
          name.length > 60 ? `${name.slice(0, 57)}…` : name
        }"`,
      ]);
    },
  );

  it('takes the path of a key, and not the key', async () => {
    expect(await problemsWith('cloud-init ssh-key="ssh-ed25519 AAAAC3 me@here"')).toEqual([
      '3:20 "ssh-key" must be the path of a public key file, and is a key (Write the key to a file, and its path here.)',
    ]);
  });

  it('knows nothing else', async () => {
    expect(await problemsWith('cloud-init "web" { user-dat "x" }')).toEqual([
      '3:12 unexpected argument "web" in cloud-init',
      '3:20 unknown setting "user-dat" in cloud-init (Did you mean "user-data"?)',
    ]);
  });

  it('is a block', async () => {
    expect(await problemsWith('}\nvm b image=x cloud-init="web" {')).toEqual([
      '4:25 unexpected argument "web" in cloud-init',
    ]);
  });
});

describe('ssh', () => {
  it('needs nothing', async () => {
    expect((await vmWith('ssh')).ssh).toEqual({
      declared: true,
      user: 'vm',
      privateKeyPath: undefined,
      timeoutSeconds: 120,
    });
  });

  it('has user, key and time limit', async () => {
    expect((await vmWith('ssh user="ubuntu" { private-key "~/.ssh/id_ed25519"; timeout 5 }')).ssh).toEqual({
      declared: true,
      user: 'ubuntu',
      privateKeyPath: '/home/me/.ssh/id_ed25519',
      timeoutSeconds: 5,
    });
  });

  it.each(['', '-oProxyCommand=x', 'a b', '1a', 'a'.repeat(33), 'a@b'])(
    'refuses the user "%s"',
    async (user) => {
      expect(await problemsWith(`ssh user="${user}"`)).toEqual([
        `3:10 "user" must be a user name (1 to 32 letters, digits, ".", "_" and "-"), not "${user}"`,
      ]);
    },
  );

  it.each([
    ['0', 'must be from 1 to 86400 seconds, not 0'],
    ['-1', 'must be from 1 to 86400 seconds, not -1'],
    ['86401', 'must be from 1 to 86400 seconds, not 86401'],
    ['1.5', 'must be a whole number, not 1.5'],
    ['"2m"', 'must be a whole number, not "2m"'],
  ])('refuses the timeout %s', async (written, complaint) => {
    expect(await problemsWith(`ssh timeout=${written}`)).toEqual([`3:13 "timeout" ${complaint}`]);
  });

  it('takes the private key, and not the public one', async () => {
    expect(await problemsWith('ssh private-key="id_ed25519.pub"')).toEqual([
      '3:17 "private-key" must be the private key, and not the public one, which ends in .pub',
    ]);
  });

  it('knows nothing else', async () => {
    expect(await problemsWith('ssh port=22')).toEqual([
      '3:5 unknown setting "port" in ssh (Known here: user, private-key, timeout.)',
    ]);
  });
});
