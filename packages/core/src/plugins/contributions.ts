import type { PluginManifest } from './contract.js';

/**
 * What a plugin brings, a phrase a kind: `backend qemu (default on linux)`, `provisioners shell, file`. Empty for one
 * that brings nothing.
 */
export function describeContributions(contributes: PluginManifest['contributes']): string[] {
  const { hypervisors = {}, provisioners = [], imageSources = [], vmNodes = [], up = false } = contributes;
  const backends = Object.entries(hypervisors).map(([name, { platforms }]) =>
    platforms.length === 0 ? name : `${name} (default on ${platforms.join(', ')})`,
  );
  return [
    ...phrase('backend', backends),
    ...phrase('provisioner', provisioners),
    ...phrase('image source', imageSources),
    ...phrase('VMFile node', vmNodes),
    ...(up === false ? [] : ['stages of up']),
  ];
}

function phrase(noun: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`];
}
