import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import { file } from '../../src/file.js';
import { createContext } from '../support/provision-context.js';
import { decodeStep, problemsOf } from '../support/vmfile.js';

describe('a file step', () => {
  const directory = useTemporaryDirectory();

  beforeEach(async () => {
    await mkdir(join(directory.path, 'site', 'css'), { recursive: true });
    await writeFile(join(directory.path, 'site', 'index.html'), 'hello', { mode: 0o640 });
    await writeFile(join(directory.path, 'site', 'css', 'a.css'), 'b{}');
  });

  describe('in a VMFile', () => {
    it.each([
      ['site/', '/srv/www'],
      ['./site', '~/www'],
      ['site/index.html', '~'],
    ])('copies %s to %s', async (source, destination) => {
      const node = `provision "file" { source "${source}"; destination "${destination}" }`;
      expect(await decodeStep(node, directory.path)).toEqual({
        source: join(directory.path, source).replace(/\/$/, ''),
        destination,
      });
    });

    it.each([
      ['no source', 'destination "/srv"', ['4:3 provision "file" needs "source" (Add it: source "…")']],
      [
        'no destination',
        'source "site"',
        ['4:3 provision "file" needs "destination" (Add it: destination "…")'],
      ],
      [
        'a relative destination',
        'source "site"; destination "www"',
        ['4:49 "destination" must be an absolute path in the guest, or begin with ~/, not "www"'],
      ],
      [
        'a source that is not there',
        'source "sites"; destination "/srv"',
        [
          `4:29 "source" names what does not exist: DIR/sites (Paths are relative to the VMFile's directory, DIR.)`,
        ],
      ],
      [
        'a source below a file',
        'source "site/index.html/x"; destination "/srv"',
        [
          `4:29 "source" names what does not exist: DIR/site/index.html/x (Paths are relative to the VMFile's directory, DIR.)`,
        ],
      ],
      [
        'a device',
        'source "/dev/null"; destination "/srv"',
        ['4:29 "source" must name a file or a directory: /dev/null'],
      ],
    ])('refuses %s, and says where', async (_, settings, problems) => {
      expect(await problemsOf(`provision "file" { ${settings} }`, directory.path)).toEqual(
        problems.map((problem) => problem.replaceAll('DIR', directory.path)),
      );
    });
  });

  it('copies what is in a directory, with modes, and says how much', async () => {
    const ctx = createContext({ baseDir: directory.path });
    await file.run({ source: join(directory.path, 'site'), destination: '/srv/www' }, ctx);
    expect(ctx.guest.files.list('/srv/www')).toEqual([
      '/srv/www/css',
      '/srv/www/css/a.css',
      '/srv/www/index.html',
    ]);
    expect(ctx.guest.files.get('/srv/www/index.html')).toMatchObject({ mode: 0o640 });
    expect(ctx.said.stdout).toBe('site -> /srv/www (8 bytes)\n');
    expect(ctx.guest.calls).toHaveLength(1);
  });

  it('reports how far it is, of how much, for a directory as well', async () => {
    const ctx = createContext();
    await file.run({ source: join(directory.path, 'site', 'index.html'), destination: '~/' }, ctx);
    await file.run({ source: join(directory.path, 'site'), destination: '/srv' }, ctx);
    expect(ctx.transfers).toEqual([
      { task: 'upload', subject: 'index.html', done: 5, total: 5 },
      { task: 'upload', subject: 'site', done: 8, total: 8 },
    ]);
  });

  it('fails with what the guest says', async () => {
    const ctx = createContext();
    ctx.guest.disconnect();
    const run = file.run({ source: join(directory.path, 'site'), destination: '/srv' }, ctx);
    await expect(run).rejects.toMatchObject({ code: 'VMCTL_GUEST_DISCONNECTED' });
  });

  it('fails when the source has gone meanwhile', async () => {
    await rm(join(directory.path, 'site'), { recursive: true });
    const run = file.run({ source: join(directory.path, 'site'), destination: '/srv' }, createContext());
    await expect(run).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('depends on its source', async () => {
    const config = { source: '/project/site', destination: '/srv' };
    expect(await file.inputs?.(config, { baseDir: '/project' })).toEqual([
      { kind: 'file', path: '/project/site' },
    ]);
  });

  it('refuses a pipe before it waits for one', async () => {
    execFileSync('mkfifo', [join(directory.path, 'pipe')]);
    const problems = await problemsOf(
      'provision "file" { source "pipe"; destination "/srv" }',
      directory.path,
    );
    expect(problems).toEqual([expect.stringContaining('must name a file or a directory')]);
  });
});
