import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DOCKER_REGISTRY, startDockerRegistry } from '../../packages/core/test/support/docker-registry.js';
import { itWith } from '../../packages/core/test/support/programs.js';
import { artifact } from '../../packages/core/test/integration/images/oci-images.js';
import { tinyDisk } from '../support/noop-project.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 120_000;

let home: VmctlHome;
let url: string;
beforeEach(async () => {
  home = await VmctlHome.create();
  url = pathToFileURL(await home.write(tinyDisk(), 'disk.img')).href;
  await home.write(`vm "web" { image-url "${url}"; backend "noop" }`);
}, LIMIT);
afterEach(() => home.remove(), LIMIT);

describe('vmctl image', () => {
  it(
    'pulls, lists and shows images, and removes them when no VM needs them any more',
    async () => {
      expect((await home.vmctl('image', 'list')).stdout).toMatch(/^No images/);
      const pull = await home.vmctl('image', 'pull', url);
      expect(pull).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Downloaded 1 MiB: disk\.img \(raw/),
      });
      expect((await home.vmctl('image', 'pull', url)).stdout).toMatch(/^In the cache already: disk\.img/);

      expect((await home.vmctl('up')).code).toBe(0);
      const { stdout } = await home.vmctl('image', 'list');
      expect(stdout).toMatch(/^NAME +DIGEST +FORMAT +ON DISK +VIRTUAL +AGE +USED BY +FROM\n/);
      expect(stdout).toMatch(/disk\.img +[0-9a-f]{12} +raw +.* 1 MiB +.*web +file:/);
      expect(await home.json('image', 'inspect', 'disk.img')).toMatchObject({
        images: [{ name: 'disk.img', url, format: 'raw', virtualSize: 1024 * 1024, usedBy: ['web'] }],
      });

      const refused = await home.vmctl('image', 'remove', 'disk.img');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('vmctl destroy web');
      expect((await home.vmctl('image', 'prune')).stdout).toBe('There is nothing to remove.\n');

      await home.vmctl('destroy', 'web', '--yes');
      expect((await home.vmctl('image', 'prune', '--dry-run')).stdout).toMatch(/^Would remove disk\.img/);
      expect((await home.vmctl('image', 'prune', '--older-than', '1h')).stdout).toMatch(/^There is nothing/);
      expect((await home.vmctl('image', 'remove', 'disk.img')).stdout).toMatch(/^Removed disk\.img/);
      expect(await home.json('image', 'list')).toEqual({ images: [] });
    },
    LIMIT,
  );

  itWith(DOCKER_REGISTRY)(
    'fetches an image from a registry, by itself and for a VM',
    async () => {
      const registry = await startDockerRegistry(join(home.root, 'registry'));
      try {
        await registry.push('vm/disk', '1', artifact({ 'disk.img': tinyDisk() }));
        const image = `oci://${registry.host}/vm/disk:1`;
        expect((await home.vmctl('image', 'pull', image)).stdout).toMatch(
          /^Downloaded 1 MiB: disk\.img \(raw/,
        );
        await home.write(`vm "web" { image-url "${image}"; backend "noop" }`);
        expect(await home.vmctl('up')).toMatchObject({
          code: 0,
          stdout: expect.stringContaining('disk:1 (cached)'),
        });
        expect(await home.json('image', 'list')).toMatchObject({ images: [{ url: image, usedBy: ['web'] }] });
      } finally {
        await registry.stop();
      }
    },
    LIMIT,
  );

  it(
    'says what is wrong with a URL, an age and a name, with the exit status of each',
    async () => {
      const missing = pathToFileURL(join(home.project, 'missing.img')).href;
      const pull = await home.vmctl('image', 'pull', missing, url);
      expect(pull).toMatchObject({ code: 1, stdout: expect.stringContaining('Downloaded') });
      expect(pull.stderr).toContain('missing.img');
      expect(await home.json('image', 'pull', missing)).toMatchObject({
        images: [{ url: missing, outcome: 'failed', error: { code: 'VMCTL_IMAGE_NOT_FOUND' } }],
      });
      expect(await home.vmctl('image', 'prune', '--older-than', 'long')).toMatchObject({ code: 2 });
      expect(await home.vmctl('image', 'remove')).toMatchObject({ code: 2 });
      const unknown = await home.vmctl('image', 'inspect', 'disk.imgg');
      expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "disk.img"?') });
      const short = await home.vmctl('image', 'inspect', 'disk');
      expect(short).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "disk.img"?') });
    },
    LIMIT,
  );
});
