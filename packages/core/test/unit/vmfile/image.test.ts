import { describe, expect, it } from '@jest/globals';
import { parse, problemsIn } from '../../support/vmfile.js';

const DIGEST = 'a1'.repeat(32);

/** The image of a VM with these settings and no others. */
async function imageOf(settings: string): Promise<unknown> {
  return (await parse(`vm a {\n${settings}\n}`)).vms[0]?.image;
}

/** The problems of a VM whose image is given in line 2. */
function problemsOf(settings: string): Promise<string[]> {
  return problemsIn(`vm a {\n${settings}\n}`);
}

describe('image', () => {
  it.each([
    ['disk.qcow2', '/project/disk.qcow2'],
    ['../disk.qcow2', '/disk.qcow2'],
    ['/images/disk.raw', '/images/disk.raw'],
    ['~/disk.qcow2', '/home/me/disk.qcow2'],
    ['./~disk', '/project/~disk'],
    ['with blank.img', '/project/with blank.img'],
  ])('%s is the file %s', async (written, path) => {
    expect(await imageOf(`image "${written}"`)).toEqual({ kind: 'path', path });
  });

  it.each([
    ['""', 'must be a path, and is empty'],
    ['5', 'must be text, not 5 (Put it in quotes: "5")'],
    [
      '"~you/disk"',
      'names the home directory of another user, which is not looked up: "~you/disk" (Write the absolute path, or "./~you/disk" for a file of that name.)',
    ],
    ['"https://example.org/x"', 'must be the path of a file, and is a URL (Write it as image-url "…")'],
    ['"a\\u{0}b"', 'contains a NUL character'],
  ])('cannot be %s', async (written, complaint) => {
    expect(await problemsOf(`image ${written}`)).toEqual([`2:7 "image" ${complaint}`]);
  });

  it('has no checksum', async () => {
    expect(await problemsOf(`image "x" sha256="${DIGEST}"`)).toEqual([
      '2:11 unknown setting "sha256" in image (There is nothing to set in image.)',
    ]);
  });
});

describe('image-url', () => {
  it.each([
    'https://example.org/noble.img',
    'http://user:secret@example.org:8080/x?y=z#w',
    'file:///images/disk.qcow2',
    'oci://registry.example:5000/debian:12',
    'my-plugin+v2:whatever',
  ])('may be %s', async (url) => {
    expect(await imageOf(`image-url "${url}"`)).toEqual({ kind: 'url', url });
  });

  it('may be a property of the VM', async () => {
    expect((await parse('vm a image-url="https://example.org/x"')).vms[0]?.image).toEqual({
      kind: 'url',
      url: 'https://example.org/x',
    });
  });

  it('takes a checksum, and makes it lower-case', async () => {
    const url = 'https://example.org/x';
    const image = { kind: 'url', url, sha256: DIGEST };
    expect(await imageOf(`image-url "${url}" sha256="${DIGEST.toUpperCase()}"`)).toEqual(image);
    expect(await imageOf(`image-url "${url}" { sha256 "${DIGEST}" }`)).toEqual(image);
  });

  it.each([
    ['"example.org/x.img"', 'must begin with a scheme, as "https://example.org/disk.qcow2" does'],
    [
      '"./disk.qcow2"',
      'must begin with a scheme, as "https://example.org/disk.qcow2" does (For a file of this machine write: image "./disk.qcow2")',
    ],
    ['"https://"', 'cannot be read as a URL'],
    ['"https://exa mple.org/"', 'must not have blanks (Write %20 for a blank.)'],
    ['""', 'must begin with a scheme, as "https://example.org/disk.qcow2" does'],
  ])('cannot be %s', async (written, complaint) => {
    expect(await problemsOf(`image-url ${written}`)).toEqual([`2:11 the URL ${complaint}`]);
  });

  it.each([
    ['"abc"', 'must be 64 hexadecimal digits, and is "abc"'],
    [`"${DIGEST}0"`, `must be 64 hexadecimal digits, and is "${`${DIGEST}0`.slice(0, 57)}…"`],
    [`"${'g'.repeat(64)}"`, `must be 64 hexadecimal digits, and is "${'g'.repeat(57)}…"`],
    [
      `"sha256:${DIGEST}"`,
      `must be 64 hexadecimal digits, and is "${`sha256:${DIGEST}`.slice(0, 57)}…" (Leave out "sha256:".)`,
    ],
  ])('refuses the checksum %s', async (written, complaint) => {
    expect(await problemsOf(`image-url "https://a/b" sha256=${written}`)).toEqual([
      `2:32 "sha256" ${complaint}`,
    ]);
  });

  it('needs a URL', async () => {
    expect(await problemsOf('image-url')).toEqual([
      '2:1 image-url lacks its URL (Write image-url "https://…")',
    ]);
  });

  it('does not show passwords in messages', async () => {
    const [problem] = await problemsOf('image-url "https://me:secret@example.org/x" md5="1"');
    expect(problem).toBe(
      '2:45 unknown setting "md5" in image-url "https://me:******@example.org/x" (Known here: sha256.)',
    );
  });
});

describe('the image of a VM', () => {
  it('is there', async () => {
    expect(await problemsIn('vm a')).toEqual([
      '1:1 vm "a" has no image (Add image "path/to/disk.qcow2" or image-url "https://…")',
    ]);
  });

  it('is either a file or a URL', async () => {
    expect(await problemsOf('image "x"\nimage-url "https://a/b"')).toEqual([
      '3:11 vm "a" has both "image" and "image-url" (Keep one of them.)',
    ]);
  });

  it('has its checksum beside the URL', async () => {
    expect(await problemsOf(`image-url "https://a/b"\nsha256 "${DIGEST}"`)).toEqual([
      '3:1 unknown setting "sha256" in vm "a" (It belongs to the URL: image-url "…" sha256="…")',
    ]);
  });
});
