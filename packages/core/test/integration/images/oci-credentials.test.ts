import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findLogin } from '../../../src/images/oci-credentials.js';
import { parseOciUrl } from '../../../src/images/oci-reference.js';
import { silent } from '../../support/guest.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);
const auth = (user: string, password = 'secret') => Buffer.from(`${user}:${password}`).toString('base64');

async function write(name: string, content: unknown): Promise<void> {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content));
}

const login = (url: string, env: Readonly<Record<string, string>> = {}) =>
  findLogin(parseOciUrl(new URL(url)), { env, homeDir: directory.path, log: silent });
const user = async (url: string, env?: Readonly<Record<string, string>>) =>
  (await login(url, env)).credentials?.user;

describe('the login at a registry', () => {
  it('is that of `docker login`, for this registry only', async () => {
    await write('.docker/config.json', { auths: { 'quay.io': { auth: auth('me', 'a:b') } } });
    expect(await login('oci://quay.io/a')).toEqual({
      credentials: { user: 'me', password: 'a:b' },
      helper: undefined,
    });
    expect(await user('oci://ghcr.io/a')).toBeUndefined();
    expect(await user('oci://quay.io.example/a')).toBeUndefined();
    expect(await user('oci://quay.io:8443/a')).toBeUndefined();
  });

  it('is found under the older names of Docker Hub', async () => {
    await write('.docker/config.json', { auths: { 'https://index.docker.io/v1/': { auth: auth('hub') } } });
    expect(await user('oci://docker.io/debian')).toBe('hub');
  });

  it('is the one for the part of the registry that fits best', async () => {
    await write('.docker/config.json', {
      auths: {
        'quay.io': { auth: auth('all') },
        'quay.io/team': { auth: auth('team') },
        'quay.io/te': { auth: auth('other') },
      },
    });
    expect(await user('oci://quay.io/team/disk')).toBe('team');
    expect(await user('oci://quay.io/teams/disk')).toBe('all');
  });

  it('comes from the files that the environment names, those of Podman first', async () => {
    await write('.docker/config.json', { auths: { 'quay.io': { auth: auth('home') } } });
    await write('docker/config.json', { auths: { 'quay.io': { auth: auth('docker') } } });
    await write('run/containers/auth.json', { auths: { 'quay.io': { auth: auth('podman') } } });
    await write('auth.json', { auths: { 'quay.io': { username: 'file', password: 'secret' } } });
    const env = { DOCKER_CONFIG: at('docker') };
    expect(await user('oci://quay.io/a')).toBe('home');
    expect(await user('oci://quay.io/a', env)).toBe('docker');
    expect(await user('oci://quay.io/a', { ...env, XDG_RUNTIME_DIR: at('run') })).toBe('podman');
    expect(await user('oci://quay.io/a', { ...env, REGISTRY_AUTH_FILE: at('auth.json') })).toBe('file');
  });

  it('in the URL goes before all of them', async () => {
    await write('.docker/config.json', { auths: { 'quay.io': { auth: auth('home') } } });
    expect(await user('oci://url:secret@quay.io/a')).toBe('url');
  });

  it('may be with a program that is not run, but named', async () => {
    await write('.docker/config.json', {
      auths: { 'quay.io': {} },
      credHelpers: { 'quay.io': 'pass' },
      credsStore: 'x',
    });
    expect(await login('oci://quay.io/a')).toEqual({
      credentials: undefined,
      helper: 'docker-credential-pass',
    });
    expect(await login('oci://ghcr.io/a')).toEqual({ credentials: undefined, helper: 'docker-credential-x' });
  });

  it.each(['{', '[]', 'null', '{"auths": 1}', '{"auths": {"quay.io": {"auth": "!"}}}'])(
    'is none when the file is damaged: %s',
    async (content) => {
      await write('.docker/config.json', content);
      expect(await login('oci://quay.io/a')).toEqual({ credentials: undefined, helper: undefined });
    },
  );
});
