import { describe, expect, it } from '@jest/globals';
import { parseCopyPath, routeOf, targetOf } from '../../../src/operations/copy-paths.js';

describe('parseCopyPath', () => {
  it.each([
    ['web:/srv', 'web', '/srv'],
    ['web:srv', 'web', 'srv'],
    ['web:', 'web', '~/'],
    ['web:/a:b', 'web', '/a:b'],
    ['/srv/a:b', undefined, '/srv/a:b'],
    ['./web:1', undefined, './web:1'],
    ['file', undefined, 'file'],
    [':x', undefined, ':x'],
  ])('reads %s', (text, vm, path) => {
    expect(parseCopyPath(text)).toEqual({ vm, path });
  });
});

describe('routeOf', () => {
  it('goes to a VM, or from one', () => {
    expect(routeOf(['a', 'b'], 'web:/srv')).toMatchObject({ vm: 'web', direction: 'upload' });
    expect(routeOf(['web:a', 'web:b'], '.')).toMatchObject({ direction: 'download', sources: ['a', 'b'] });
  });

  it.each([
    ['from guest to guest', ['web:/a'], 'db:/b'],
    ['from both sides', ['a', 'web:/b'], 'web:/c'],
    ['from two guests', ['web:/a', 'db:/b'], '.'],
    ['without a guest', ['a'], 'b'],
    ['from an empty path', [''], 'web:/b'],
  ])('does not go %s', (_, sources, destination) => {
    expect(() => routeOf(sources, destination)).toThrow(expect.objectContaining({ code: 'VMCTL_USAGE' }));
  });
});

describe('targetOf', () => {
  it.each([
    ['site', '/srv', true, '/srv/site'],
    ['site/', '/srv/', true, '/srv/site'],
    ['site', '/srv/www', false, '/srv/www'],
    ['site/.', '/srv', true, '/srv'],
    ['..', '/srv', true, '/srv'],
    ['/', '/srv', true, '/srv'],
    ['~/', 'copy', true, 'copy'],
    ['a', '/', true, '/a'],
    ['a', '.', true, './a'],
  ])('puts %s, copied to %s (a directory: %s), to %s', (source, destination, isDirectory, target) => {
    expect(targetOf(source, destination, isDirectory)).toBe(target);
  });
});
