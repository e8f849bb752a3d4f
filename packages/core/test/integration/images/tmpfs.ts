import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from '@jest/globals';

/**
 * A small file system for each test of the block; only root may mount one.
 * Its `it` says in the test's name why the test is skipped where it cannot run.
 */
export function useTmpfs(size: string): {
  readonly path: string;
  readonly it: (name: string, test: () => Promise<void>) => void;
} {
  const reason = whyNot();
  const state = {
    path: '',
    it: (name: string, test: () => Promise<void>): void => {
      if (reason === undefined) it(name, test);
      else it.skip(`${name} (skipped: ${reason})`, test);
    },
  };
  if (reason !== undefined) return state;
  beforeEach(() => {
    state.path = mkdtempSync(join(tmpdir(), 'vmctl-tmpfs-'));
    mount(state.path, size);
  });
  afterEach(() => {
    unmount(state.path);
  });
  return state;
}

function mount(path: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path], { stdio: 'pipe' });
}

function unmount(path: string): void {
  execFileSync('umount', [path], { stdio: 'pipe' });
  rmSync(path, { recursive: true });
}

/** A container's root may not mount either, so only trying tells. */
function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount a small file system';
  const path = mkdtempSync(join(tmpdir(), 'vmctl-tmpfs-'));
  try {
    mount(path, '64k');
    unmount(path);
    return undefined;
  } catch {
    rmSync(path, { recursive: true, force: true });
    return 'mounting a small file system is not allowed here';
  }
}
