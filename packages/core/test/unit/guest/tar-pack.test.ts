import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packDirectory } from '../../../src/guest/tar-pack.js';
import { itUnlessRoot, itWith } from '../../support/programs.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
let source: string;

beforeEach(async () => {
  source = join(directory.path, 'source');
  await mkdir(source);
});

async function pack(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  // A piece is overwritten when the next one is asked for.
  for await (const piece of packDirectory(source)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const names = async (program: string, ...args: string[]) =>
  execFileSync(program, [...args, '-tf', '-'], { input: await pack() })
    .toString()
    .split('\n')
    .filter((name) => name !== '')
    .toSorted();

describe('packDirectory', () => {
  it('makes an archive of nothing from an empty directory', async () => {
    expect((await pack()).equals(Buffer.alloc(1024))).toBe(true);
  });

  it('is the same for the same content', async () => {
    await writeFile(join(source, 'b'), 'b');
    await writeFile(join(source, 'a'), 'a');
    expect((await pack()).equals(await pack())).toBe(true);
  });

  for (const [name, program, ...args] of [
    ['GNU tar', 'tar'],
    ['BusyBox', 'busybox', 'tar'],
  ] as const) {
    itWith(program)(`writes names of any length that ${name} reads whole`, async () => {
      const lengths = [1, 98, 99, 100, 101, 155, 200, 255];
      for (const length of lengths) {
        await mkdir(join(source, 'd'.repeat(length)));
        for (const inner of lengths)
          await writeFile(join(source, 'd'.repeat(length), 'f'.repeat(inner)), 'x');
        await symlink('t'.repeat(length), join(source, `link${length}`));
      }
      const expected = lengths.flatMap((length) => [
        `${'d'.repeat(length)}/`,
        ...lengths.map((inner) => `${'d'.repeat(length)}/${'f'.repeat(inner)}`),
        `link${length}`,
      ]);
      expect(await names(program, ...args)).toEqual(expected.toSorted());
    });
  }

  itWith('tar')('keeps the content of files of any size', async () => {
    const sizes = fc.array(
      fc.oneof(fc.nat(3000), fc.constantFrom(0, 511, 512, 513, 65_536, 65_537, 600_000)),
      {
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(sizes, async (all) => {
        source = join(directory.path, `source${Math.random()}`);
        await mkdir(source);
        for (const [index, size] of all.entries())
          await writeFile(join(source, `f${index}`), Buffer.alloc(size, index + 1));
        const out = join(directory.path, `out${Math.random()}`);
        await mkdir(out);
        execFileSync('tar', ['-xf', '-', '-C', out], { input: await pack() });
        execFileSync('diff', ['-r', source, out]);
      }),
      { numRuns: 15 },
    );
  });

  it('counts the bytes of content, and nothing else', async () => {
    await writeFile(join(source, 'small'), 'x'.repeat(1000));
    await writeFile(join(source, 'large'), Buffer.alloc(1_000_000));
    let bytes = 0;
    for await (const piece of packDirectory(source, (more) => (bytes += more)))
      expect(piece.length).toBeGreaterThan(0);
    expect(bytes).toBe(1_001_000);
  });

  it('leaves out what is neither file, directory nor link', async () => {
    execFileSync('mkfifo', [join(source, 'pipe')]);
    await writeFile(join(source, 'file'), '');
    expect(await names('tar')).toEqual(['file']);
  });

  it('names the directory that is gone', async () => {
    source = join(directory.path, 'none');
    await expect(pack()).rejects.toMatchObject({ code: 'VMCTL_FILE_MISSING', details: { path: source } });
  });

  itUnlessRoot()('names the file that it may not read', async () => {
    await writeFile(join(source, 'secret'), 'x');
    await chmod(join(source, 'secret'), 0);
    await expect(pack()).rejects.toMatchObject({ code: 'VMCTL_NOT_READABLE' });
  });
});
