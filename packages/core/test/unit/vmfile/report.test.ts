import { describe, expect, it } from '@jest/globals';
import { errorOf, parse, problemsIn } from '../../support/vmfile.js';

const reportOf = async (text: string) => (await errorOf(parse(text))).message;

describe('the report of a VMFile', () => {
  it('has every problem with its place, the line with a caret, and a hint', async () => {
    const text = `vm "web" {
    image "images/noble.img"
    memroy 2048
    vcpus 0
}

vm "db" image="x" {
    depends-on "wbe"
}
`;
    expect(await reportOf(text)).toBe(`/project/VMFile.kdl has 3 problems:

VMFile.kdl:3:5: unknown setting "memroy" in vm "web"
  3 |     memroy 2048
    |     ^^^^^^
  hint: Did you mean "memory"?

VMFile.kdl:4:11: "vcpus" must be from 1 to 4096, not 0
  4 |     vcpus 0
    |           ^

VMFile.kdl:8:16: there is no VM "wbe" in the file
  8 |     depends-on "wbe"
    |                ^^^^^
  hint: Did you mean "web"?`);
  });

  it('is as good for a file that is no KDL', async () => {
    expect(await reportOf('vm "web" {\n    memory 2GiB\n}\n')).toBe(`/project/VMFile.kdl has a problem:

VMFile.kdl:2:12: "2GiB" is neither a number nor text
  2 |     memory 2GiB
    |            ^^^^
  hint: Put it in quotes: "2GiB"`);
  });

  it('says that an empty file has no VM', async () => {
    expect(await reportOf('')).toBe(`/project/VMFile.kdl has a problem:

VMFile.kdl:1:1: there is no VM in the file
  1 |
    | ^
  hint: Add one: vm "web" { image "path/to/disk.qcow2" }`);
  });

  it('says so of a file with comments only', async () => {
    expect(await problemsIn('// nothing\n/- vm a image=x\n')).toEqual([
      '1:1 there is no VM in the file (Add one: vm "web" { image "path/to/disk.qcow2" })',
    ]);
  });

  it('keeps carets in place after tabs, wide characters and combining ones', async () => {
    expect(await reportOf('vm a image=x {\n\tfoo\t"漢字 é 😀" bar=1\n}')).toContain(
      [
        'VMFile.kdl:2:2: unknown setting "foo" in vm "a"',
        '  2 |     foo    "漢字 é 😀" bar=1',
        '    |     ^^^',
      ].join('\n'),
    );
    // Columns count characters; the caret counts what the terminal shows.
    expect(await reportOf('vm a image=x {\n\tcloud-init hostname="漢字" ssh-kye="é"\n}')).toContain(
      [
        'VMFile.kdl:2:27: unknown setting "ssh-kye" in cloud-init',
        '  2 |     cloud-init hostname="漢字" ssh-kye="é"',
        `    |     ${' '.repeat('cloud-init hostname="'.length + 4 + 2)}^^^^^^^`,
      ].join('\n'),
    );
  });

  it('cuts a long line to what is around the caret', async () => {
    const report = await reportOf(`vm a image="${'x'.repeat(5000)}" foo=1 /* ${'y'.repeat(5000)} */`);
    const [, , , line = '', caret = ''] = report.split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line).toMatch(/^ {2}1 \| …x+" foo=1 \/\* y+…$/);
    expect(caret.indexOf('^')).toBe(line.indexOf('foo'));
  });

  it.each([
    'vm a image=x {\n  foo "\u001b[31m\u202e\u0000"\n}',
    'vm a image="\\\u001b[31m"',
    'vm a image=x {\n  \u001b[31m\n}',
    'vm a image=x {\n  "\\u{1b}[31m\\u{202e}\\u{9b}" 1\n}',
  ])('lets nothing in the file steer the terminal: %j', async (text) => {
    // oxlint-disable-next-line no-control-regex
    expect(await reportOf(text)).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });

  it('does not show passwords of URLs', async () => {
    const report = await reportOf('vm a { image-url "https://me:secret@example.org/x" sha256="1" }');
    expect(report).not.toContain('secret');
    expect(report).toContain('  1 | vm a { image-url "https://me:******@example.org/x" sha256="1" }');
  });

  it('says the same thing about the same place once', async () => {
    expect(await problemsIn('vm a image=x { depends-on b b }')).toEqual([
      '1:27 there is no VM "b" in the file (The file has: a.)',
      '1:29 there is no VM "b" in the file (The file has: a.)',
    ]);
  });

  it('prints the first twenty problems of many, and says how many more there are', async () => {
    const { message, problems } = await errorOf(parse(`vm a image=x {\n${'foo 1\n'.repeat(5000)}}`));
    expect(message).toMatch(/^\/project\/VMFile\.kdl has 5000 problems:\n/);
    expect(message.match(/^VMFile\.kdl:\d+:\d+: /gm)).toHaveLength(20);
    expect(message).toMatch(/\n\n… and 4980 more\.$/);
    expect(problems).toHaveLength(1000);
  });

  it('is data as well, with the file, for --json', async () => {
    const { code, problems } = await errorOf(parse('vm a image=x { vcpu 1 }'));
    expect(code).toBe('VMCTL_VMFILE_INVALID');
    expect(problems).toEqual([
      {
        file: '/project/VMFile.kdl',
        line: 1,
        column: 16,
        message: 'unknown setting "vcpu" in vm "a"',
        hint: 'Did you mean "vcpus"?',
      },
    ]);
  });

  it('finds places after numbers that the second parser reads otherwise', async () => {
    expect(await problemsIn('vm a image=x { vcpus 0x2; memory 0x400; foo 1 }')).toEqual([
      '1:41 unknown setting "foo" in vm "a" (Known here: image, image-url, vcpus, memory, disk, backend, firmware, depends-on, network, cloud-init, ssh, provision. More nodes come with plugins: vmctl plugins install PACKAGE)',
    ]);
  });
});
