import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Logger } from '../host/logger.js';
import { messageOf } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { isSameRegistry, type OciCredentials, type OciReference } from './oci-reference.js';

/** Where logins of registries are looked for. */
export interface LoginPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly log: Logger;
}

/** What is known of a user's login at a registry. */
export interface OciLogin {
  readonly credentials: OciCredentials | undefined;
  /** The program that keeps the password instead; vmctl does not run it. */
  readonly helper: string | undefined;
}

/**
 * The login of a user at a registry, from the files in which `docker login` and `podman login` keep them. A file that
 * cannot be read counts as one without logins: most images need none.
 */
export async function findLogin(reference: OciReference, places: LoginPlaces): Promise<OciLogin> {
  if (reference.credentials !== undefined) return { credentials: reference.credentials, helper: undefined };
  let helper: string | undefined;
  for (const path of loginFiles(places)) {
    const content = await readLogins(path, places.log);
    if (content === undefined) continue;
    const credentials = credentialsFor(reference, content);
    if (credentials !== undefined) return { credentials, helper: undefined };
    helper ??= helperFor(reference.registry, content);
  }
  return { credentials: undefined, helper };
}

function loginFiles({ env, homeDir }: LoginPlaces): readonly string[] {
  const named = [
    env['REGISTRY_AUTH_FILE'],
    env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], 'containers/auth.json'),
    join(env['DOCKER_CONFIG'] || join(homeDir, '.docker'), 'config.json'),
  ];
  return named.filter((path): path is string => path !== undefined && path !== '' && isAbsolute(path));
}

async function readLogins(path: string, log: Logger): Promise<Fields | undefined> {
  try {
    return fieldsOf(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    // What JSON.parse says quotes the file, in which passwords are.
    const why = errnoOf(error) === undefined ? 'not JSON' : messageOf(error);
    if (errnoOf(error) !== 'ENOENT') log.debug(`no logins from ${path}: ${why}`);
    return undefined;
  }
}

function credentialsFor({ registry, repository }: OciReference, content: Fields): OciCredentials | undefined {
  const auths = Object.entries(fieldsOf(content['auths']) ?? {})
    .map(([name, entry]) => ({ place: plainName(name), entry: fieldsOf(entry) }))
    // A login for a part of a registry is better than one for all of it.
    .toSorted((a, b) => b.place.length - a.place.length);
  for (const { place, entry } of auths) {
    const [host = '', ...path] = place.split('/');
    const fits =
      isSameRegistry(host, registry) && `${repository}/`.startsWith(path.map((part) => `${part}/`).join(''));
    const credentials = fits && entry !== undefined ? credentialsOf(entry) : undefined;
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

function credentialsOf({ auth, username, password }: Fields): OciCredentials | undefined {
  if (typeof username === 'string' && typeof password === 'string') return { user: username, password };
  if (typeof auth !== 'string') return undefined;
  const pair = Buffer.from(auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 1 ? undefined : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function helperFor(registry: string, content: Fields): string | undefined {
  const own = Object.entries(fieldsOf(content['credHelpers']) ?? {}).find(([name]) =>
    isSameRegistry(plainName(name), registry),
  )?.[1];
  const helper = own ?? content['credsStore'];
  return typeof helper === 'string' && helper !== '' ? `docker-credential-${helper}` : undefined;
}

/** `index.docker.io` of `https://index.docker.io/v1/`. */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/(?:v[12]\/?)?$/, '');
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  // Any object's fields may be looked at.
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}
