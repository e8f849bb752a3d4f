import { describe, expect, it } from '@jest/globals';
import { formatVmFile } from '../../../src/vmfile/format-vmfile.js';
import { errorOf } from '../../support/vmfile.js';

const format = (text: string): Promise<string> => formatVmFile(text, '/project/VMFile.kdl');

/** Lines of text. */
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

describe('a formatted VMFile', () => {
  it.each<[string, string, string]>([
    [
      'has four spaces a level and one between words',
      'vm   "web"  {\n\timage "x"\n  network "user"{\nforward   host=80\tguest=80\n}\n}',
      lines(
        'vm "web" {',
        '    image "x"',
        '    network "user" {',
        '        forward host=80 guest=80',
        '    }',
        '}',
      ),
    ],
    [
      'has no blanks around = and within type annotations',
      'a b = 1 ( u8 ) 2 c= (u8) 3',
      lines('a b=1 (u8)2 c=(u8)3'),
    ],
    ['has a node a line', 'a; b ;c;', lines('a', 'b', 'c')],
    [
      'keeps a block in one line that was in one line',
      'ssh{user "u";timeout 60;}\nenv { A "b" }',
      lines('ssh { user "u"; timeout 60 }', 'env { A "b" }'),
    ],
    [
      'breaks a block that a line end was in',
      'ssh { user "u"; timeout 60\n}',
      lines('ssh {', '    user "u"', '    timeout 60', '}'),
    ],
    [
      'has {} for a block with nothing in it',
      'ssh{ }\nnetwork "user" {\n\n}',
      lines('ssh {}', 'network "user" {}'),
    ],
    [
      'has at most one empty line, and none where a block begins or ends',
      '\n\na {\n\n  b\n\n\n\n  c\n\n}\n\n\n',
      lines('a {', '    b', '', '    c', '}'),
    ],
    ['has LF line ends and no byte order mark', '\ufeffa\r\nb\r\n', lines('a', 'b')],
    ['ends with one line end', 'a', lines('a')],
    ['is empty when there is nothing in it', '\n  \n', ''],
    [
      'keeps comments where they stand',
      '// first  \n\na{ // at the brace\n//alone\n  b   // beside\n /* in front */ c\n}// last',
      lines(
        '// first',
        '',
        'a { // at the brace',
        '    //alone',
        '    b // beside',
        '    /* in front */ c',
        '} // last',
      ),
    ],
    [
      'keeps what is commented out with /-',
      'a /- b /-c=1 /-{ d }\n/- e {\nf\n}',
      lines('a /-b /-c=1 /-{ d }', '/-e {', '    f', '}'),
    ],
    [
      'keeps the lines into which a node is broken, with their comments',
      'provision "shell" \\\n name="a" \\ // why\n  run="once"\n',
      lines('provision "shell" \\', '    name="a" \\ // why', '    run="once"'),
    ],
    ['leaves out a backslash that nothing follows', 'a \\\n\nb \\\n{ c }', lines('a', 'b { c }')],
    [
      'keeps numbers and text as they are written',
      'a 0x1F 1_000 1.50 "\\u{e9}" #"raw"# bare',
      lines('a 0x1F 1_000 1.50 "\\u{e9}" #"raw"# bare'),
    ],
    [
      'moves text of several lines with its line, and keeps what it is indented by itself',
      'a {\n  inline """\n  one\n\n    two\n  """\n}',
      lines('a {', '    inline """', '        one', '', '          two', '        """', '}'),
    ],
    [
      'moves comments of several lines with their line',
      'a {\n/* one\n   two\n*/\n}',
      lines('a {', '    /* one', '       two', '    */', '}'),
    ],
  ])('%s', async (_, text, formatted) => {
    expect(await format(text)).toBe(formatted);
    expect(await format(formatted)).toBe(formatted);
  });

  it('may have settings that no VM has', async () => {
    expect(await format('vm  memroy=1')).toBe('vm memroy=1\n');
  });
});

describe('a text that is not KDL', () => {
  it('is refused with the places of its faults, as by the parser of VMFiles', async () => {
    const { code, problems } = await errorOf(format('vm "web" {\n    memory 1\n'));
    expect(code).toBe('VMCTL_VMFILE_INVALID');
    expect(problems).toMatchObject([{ line: 1, column: 10, message: 'this "{" is never closed' }]);
  });

  it('is refused when it is KDL 1, with what to change', async () => {
    const { code, hint } = await errorOf(format('a true\n'));
    expect(code).toBe('VMCTL_VMFILE_INVALID');
    expect(hint).toContain('This is KDL 1');
  });

  it('is refused when it is far too large', async () => {
    const { message } = await errorOf(format('a\n'.repeat(600_000)));
    expect(message).toContain('larger than 1 MiB');
  });
});
