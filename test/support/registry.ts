import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RegistryReply, RegistryRequest } from './registry-server.js';
import { repositoryRoot } from './vmctl-home.js';

/** A package registry on loopback, with packages of `@vmctl`, `@acme` and `@private` (for users only) of its own. */
export interface Registry {
  /** Ends with a slash. */
  readonly url: string;
  /** The registry's user, as a line of an `.npmrc`. */
  readonly credentials: string;
  /** An `.npmrc` that makes this the registry; without the credentials. */
  readonly npmrc: string;
  /** The same as environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Publishes a folder as its package.json says. */
  publish(directory: string): Promise<void>;
  /** Publishes every package of this repository, as it is built. */
  publishWorkspace(): Promise<void>;
  /** Runs npm as the registry's user. Gives what it prints. */
  npm(args: readonly string[], cwd: string): Promise<string>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

const npmProgram = join(repositoryRoot, 'node_modules/npm/bin/npm-cli.js');

/** Starts an empty registry; packages of others come through it from the one that npm is configured with. */
export async function startRegistry(): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-registry-'));
  const { stdout } = await promisify(execFile)(process.execPath, [npmProgram, 'config', 'get', 'registry'], {
    cwd: directory,
  });
  // With this environment: the way to the upstream registry may lead through a proxy.
  const server = fork(join(import.meta.dirname, 'registry-server.ts'), {
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const request: RegistryRequest = { directory, upstream: stdout.trim() };
  server.send(request);
  const { port } = await firstMessage(server);
  const url = `http://127.0.0.1:${port}/`;
  const cache = join(directory, 'npm-cache');
  const npmrc = `registry=${url}\ncache=${cache}\nupdate-notifier=false\n`;
  const credentials = `//127.0.0.1:${port}/:_authToken=${await addUser(url)}\n`;
  const userconfig = join(directory, '.npmrc');
  await writeFile(userconfig, npmrc + credentials);

  const npm = async (args: readonly string[], cwd: string): Promise<string> => {
    const result = await promisify(execFile)(process.execPath, [npmProgram, ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, NPM_CONFIG_USERCONFIG: userconfig },
    });
    return result.stdout;
  };
  const publish = async (folder: string): Promise<void> => {
    await npm(['publish', '--loglevel=error', '--access=public'], folder);
  };
  return {
    url,
    credentials,
    npmrc,
    env: { NPM_CONFIG_REGISTRY: url, NPM_CONFIG_CACHE: cache },
    npm,
    publish,
    publishWorkspace: async () => {
      const packages = join(repositoryRoot, 'packages');
      for (const name of (await readdir(packages)).toSorted()) {
        const manifest = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8'));
        if (manifest.private !== true) await publish(join(packages, name));
      }
    },
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit');
        server.kill('SIGKILL');
        await ended;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function firstMessage(server: ChildProcess): Promise<RegistryReply> {
  const ended = new AbortController();
  server.once('exit', () => ended.abort(new Error('The registry ended before it served.')));
  const [message] = await once(server, 'message', { signal: ended.signal }).catch((error: unknown) => {
    ended.signal.throwIfAborted();
    throw error;
  });
  return message;
}

/** Registers a user as `npm adduser` does; gives the token. */
async function addUser(url: string): Promise<string> {
  const name = 'tester';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: 'not-a-secret', type: 'user' }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`The registry gave no token: ${response.status}`);
  return token;
}
