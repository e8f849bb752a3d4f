import type { PluginPin } from '../../../src/project-plugins/pin.js';

/** A well-formed sha512 integrity, different for every letter. */
export function integrity(letter: string): string {
  return `sha512-${letter.repeat(86)}==`;
}

/** A pin of `@acme/nix` 1.2.3 that depends on `left-pad`. */
export function acmePin(changes: Partial<PluginPin> = {}): PluginPin {
  const name = changes.name ?? '@acme/nix';
  const version = changes.version ?? '1.2.3';
  return {
    name,
    range: '^1.2',
    version,
    integrity: integrity('A'),
    packages: {
      [`node_modules/${name}`]: {
        version,
        integrity: changes.integrity ?? integrity('A'),
        dependencies: { 'left-pad': '^1.0.0' },
      },
      'node_modules/left-pad': { version: '1.3.0', integrity: integrity('B') },
    },
    ...changes,
  };
}
