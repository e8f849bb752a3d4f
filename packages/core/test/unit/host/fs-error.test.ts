import { describe, expect, it } from '@jest/globals';
import { errorRegistry } from '../../../src/errors/registry.js';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import { errnoOf, fsError } from '../../../src/host/fs-error.js';

const failure = (code: string) => Object.assign(new Error(`${code}: something`), { code });

describe('fsError', () => {
  it.each([
    ['ENOSPC', 'write', 'VMCTL_DISK_FULL'],
    ['EDQUOT', 'write', 'VMCTL_DISK_FULL'],
    ['EROFS', 'write', 'VMCTL_NOT_WRITABLE'],
    ['EACCES', 'write', 'VMCTL_NOT_WRITABLE'],
    ['EACCES', 'read', 'VMCTL_NOT_READABLE'],
    ['EPERM', 'make the directory', 'VMCTL_NOT_WRITABLE'],
    ['ENOTDIR', 'write', 'VMCTL_NOT_A_DIRECTORY'],
    ['ENOENT', 'read', 'VMCTL_FILE_MISSING'],
    ['EIO', 'read', 'VMCTL_FILE_FAILED'],
  ])('turns %s on "%s" into %s, with path and cause', (errno, verb, code) => {
    const cause = failure(errno);
    const error = fsError(cause, { verb, path: '/data/x' });
    expect(error).toMatchObject({ code, cause, details: { path: '/data/x', errno } });
    expect(error.message).toMatch(new RegExp(`^Cannot ${verb} /data/x: .+\\.$`));
    expect(Object.keys(errorRegistry)).toContain(code);
  });

  it('passes on what is ours already', () => {
    const error = new VmctlError('VMCTL_LOCKED', { message: 'held' });
    expect(fsError(error, { verb: 'write', path: '/x' })).toBe(error);
  });

  it('bears anything that can be thrown', () => {
    expect(fsError('text', { verb: 'write', path: '/x' }).message).toBe('Cannot write /x: text.');
    expect(errnoOf(null)).toBeUndefined();
    expect(errnoOf({ code: 5 })).toBeUndefined();
  });
});
