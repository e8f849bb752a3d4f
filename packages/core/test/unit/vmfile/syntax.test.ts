import { describe, expect, it } from '@jest/globals';
import { errorOf, parse, problemsIn } from '../../support/vmfile.js';

describe('a text that is not KDL', () => {
  it.each<[what: string, text: string, problems: string[]]>([
    [
      'a brace at the start',
      '}\n',
      ['1:1 unexpected "}" (There is no "{" that it closes, or a line before is not complete.)'],
    ],
    [
      'a brace too many',
      'vm a image=x {\n}\n}\n',
      ['3:1 unexpected "}" (There is no "{" that it closes, or a line before is not complete.)'],
    ],
    [
      'a brace that is never closed',
      'vm a {\n  image x\n  network user {\n    forward host=1 guest=2\n}\n',
      ['1:6 this "{" is never closed (Add the "}" that belongs to it.)'],
    ],
    [
      'a brace on a line of its own',
      'vm a\n{\n  image x\n}\n',
      ['2:1 unexpected "{" (The "{" has to stand on the line of its node, after a blank: vm "web" {)'],
    ],
    [
      'a quote that is never closed',
      'vm a {\n  image "disk.qcow2\n  vcpus 2\n}\n',
      [
        '2:9 this text has no end (Add the closing " to the line. Text of several lines stands between """ and """, each on a line of its own.)',
      ],
    ],
    [
      'a quote that is never closed in the last line',
      'vm "a',
      [
        '1:4 this text has no end (Add the closing " to the line. Text of several lines stands between """ and """, each on a line of its own.)',
      ],
    ],
    [
      'text of several lines without an end',
      'vm a image=x\nx """\n  b\n',
      ['2:3 this text has no end (Add a line with """ where it ends.)'],
    ],
    [
      'raw text without an end',
      'vm a image=#"x"',
      ['1:12 this raw text has no end (Close it with as many # as it begins with: #"…"#)'],
    ],
    [
      'a comment without an end',
      'vm a image=x\n/* c\n',
      ['2:1 this comment has no end (Add the closing */)'],
    ],
    ['a property without a value', 'vm a image=\n', ['1:12 the file ends too early']],
    [
      'an equals sign after a node',
      'vm a {\n  vcpus = 2\n}',
      ['2:9 unexpected "=" (A node has no "=" after its name: write vcpus and the value.)'],
    ],
    [
      'a unit without quotes',
      'vm a {\n  memory 2GiB\n}',
      ['2:10 "2GiB" is neither a number nor text (Put it in quotes: "2GiB")'],
    ],
    [
      'a number without its beginning',
      'vm a vcpus=.5',
      ['1:12 ".5" is neither a number nor text (Write 0.5, or ".5" for the text.)'],
    ],
    [
      'a number without its end',
      'vm a vcpus=1e',
      ['1:12 "1e" is neither a number nor text (Put it in quotes: "1e")'],
    ],
    [
      'a list',
      'vm a {\n  args ["x"]\n}',
      ['2:8 unexpected "[" (KDL has no lists: write the values one after the other.)'],
    ],
    ['a comma', 'vm "a", "b"', ['1:7 unexpected "," (Values are separated by blanks.)']],
    [
      'two semicolons',
      'vm a image=x;;',
      ['1:14 unexpected ";" (A ";" ends a node; there is none before it.)'],
    ],
    ['a comment of the shell', '# web\nvm a image=x', ['1:1 unexpected "#" (Comments begin with //)']],
    ['texts without a blank between', 'vm a"b"', ['1:5 a blank is missing before "b"']],
    ['two blocks', 'vm a {} {}\nx', ['1:9 a node can only have one children block']],
    [
      'a wrong word with a number sign',
      'vm a x=#True',
      ['1:8 invalid keyword #True (Keywords are case sensitive, write #true instead.)'],
    ],
    [
      'text of several lines that is not indented alike',
      'x """\n  a\n b\n  """',
      [
        '3:1 every non-blank line of a multi-line string must start with the offset defined by the last line of the string',
      ],
    ],
    [
      'a control character',
      'vm a \u0007',
      ['1:6 invalid character U+7 (This character is not allowed but can be included in strings as \\u{7}.)'],
    ],
  ])('is explained: %s', async (_, text, expected) => {
    expect(await problemsIn(text)).toEqual(expected);
  });

  it('may have several faults, all reported', async () => {
    expect(await problemsIn('vm a {\n  x true\n  y "\\/"\n  z null\n}\n')).toEqual([
      '2:5 the bare word true has no meaning in KDL 2 (Write #true, or "true" for the text.)',
      '3:6 \\/ is no escape of KDL 2 (Write / without the backslash.)',
      '4:5 the bare word null has no meaning in KDL 2 (Write #null, or "null" for the text.)',
    ]);
  });

  it.each([
    ['x true', '1:3 the bare word true has no meaning in KDL 2 (Write #true, or "true" for the text.)'],
    ['x a=false', '1:5 the bare word false has no meaning in KDL 2 (Write #false, or "false" for the text.)'],
    ['x r"C:\\x"', '1:4 raw text is written otherwise in KDL 2 (Write #"…"# instead of r"…".)'],
    ['x r#"a"#', '1:2 raw text is written otherwise in KDL 2 (Write #"…"# instead of r#"…"#.)'],
    ['x "\\/"', '1:4 \\/ is no escape of KDL 2 (Write / without the backslash.)'],
    [
      'x "a\nb"',
      '1:3 this text has no end (Add the closing " to the line. Text of several lines stands between """ and """, each on a line of its own.)',
    ],
  ])('but KDL 1 is told how KDL 2 writes it: %j', async (text, problem) => {
    expect(await problemsIn(text)).toEqual([problem]);
    const { hint } = await errorOf(parse(text));
    expect(hint).toContain('This is KDL 1');
  });

  it('is refused when it is nested too deep for the stack', async () => {
    const depth = 100_000;
    expect(await problemsIn('a {'.repeat(depth))).toEqual(['1:195 this is nested too deep for a VMFile']);
    expect(await problemsIn(`${'a {'.repeat(depth)}${'}'.repeat(depth)}`)).toEqual([
      '1:195 this is nested too deep for a VMFile',
    ]);
    expect(await problemsIn('/*'.repeat(depth))).toEqual(['1:129 this is nested too deep for a VMFile']);
  });

  it('is refused when it has more words than any VMFile', async () => {
    expect(await problemsIn('a;'.repeat(500_000))).toEqual([
      '1:300001 from here on the file is too long for a VMFile',
    ]);
  });

  it('does not keep the parser searching for the next good character', async () => {
    for (const text of [
      '#'.repeat(200_000),
      '##""" '.repeat(30_000),
      'a #"'.repeat(50_000),
      ']a'.repeat(50_000),
    ]) {
      expect((await problemsIn(text)).length).toBeGreaterThan(0);
    }
  });
});

describe('what KDL 2 allows', () => {
  it.each<[what: string, text: string]>([
    ['a mark at the beginning', '\ufeffvm a { image x; vcpus 2 }'],
    ['lines that end with CRLF', 'vm a {\r\n  image x\r\n  vcpus 2\r\n}\r\n'],
    ['lines that end with CR', 'vm a {\r  image x\r  vcpus 2\r}\r'],
    ['tabs', 'vm\ta\t{\n\timage\tx\n\tvcpus\t2\n}'],
    ['no blank before a brace', 'vm a{\n  image x\n  vcpus 2\n}'],
    ['lines that go on', 'vm a \\\n  image=x \\ // more\n  vcpus=2'],
    ['comments everywhere', '/* a /* b */ */ vm /* c */ a image=x /-y=1 vcpus=2 /-{ d } // e'],
    ['a mark of the version', '/- kdl-version 2\nvm a image=x vcpus=2'],
    ['quoted names', '"vm" "a" "image"=#"x"# "vcpus"=0b10'],
    ['nothing at the end', 'vm a image=x vcpus=2'],
  ])('is read: %s', async (_, text) => {
    expect((await parse(text)).vms).toMatchObject([{ image: { path: '/project/x' }, vcpus: 2 }]);
  });

  it.each([
    ['#"a\\b"#', 'a\\b'],
    ['##"a"#b"##', 'a"#b'],
    ['"a\\tb\\s\\u{1F600}\\\\"', 'a\tb 😀\\'],
    ['"a\\\n    b"', 'ab'],
    ['"""\n    a\n      b\n\n    """', 'a\n  b\n'],
    ['#"""\n  \\n "x"\n  """#', '\\n "x"'],
    ['bare-word', 'bare-word'],
    ['"漢字"', '漢字'],
  ])('is taken for the text that it is: %s', async (written, text) => {
    const { vms } = await parse(`vm a image=x { ssh; provision shell {\ninline ${written}\n}\n}`);
    expect(vms[0]?.provision[0]?.config).toMatchObject({ inline: text });
  });
});
