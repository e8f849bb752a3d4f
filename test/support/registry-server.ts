// A package registry as a process of its own: `startRegistry` in registry.ts starts it, over an IPC channel.
import { join } from 'node:path';
import { runServer } from 'verdaccio';

/** What the parent sends to begin. */
export interface RegistryRequest {
  /** Where packages and users are kept. */
  readonly directory: string;
  /** The registry that third-party packages come from. */
  readonly upstream: string;
}

/** What the parent is told. */
export interface RegistryReply {
  readonly port: number;
}

// The parent ends this process by ending, whichever way.
process.once('disconnect', () => process.exit());
process.once('message', (request: RegistryRequest) => void serve(request));

async function serve({ directory, upstream }: RegistryRequest): Promise<void> {
  const configPath = join(directory, 'config.yaml');
  const server = await runServer({
    configPath,
    self_path: configPath,
    storage: join(directory, 'storage'),
    auth: { htpasswd: { file: join(directory, 'htpasswd'), max_users: 10 } },
    // By default it asks nobody for five minutes after two requests that failed; trying again is up to npm.
    uplinks: { upstream: { url: upstream, max_fails: 1000 } },
    packages: {
      // Ours come from nowhere else, whatever the upstream registry has under these names.
      '@vmctl/*': { access: ['$all'], publish: ['$authenticated'] },
      '@acme/*': { access: ['$all'], publish: ['$authenticated'] },
      '@private/*': { access: ['$authenticated'], publish: ['$authenticated'] },
      '**': { access: ['$all'], publish: ['$authenticated'], proxy: ['upstream'] },
    },
    web: { enable: false },
    log: { type: 'stdout', format: 'pretty', level: 'error' },
    server: {},
    max_body_size: '50mb',
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number };
    process.send?.({ port } satisfies RegistryReply);
  });
}
