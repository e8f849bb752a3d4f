import { describe, expect, it } from '@jest/globals';
import type { LogName } from '../../../src/operations/log.js';
import { chooseLogView } from '../../../src/ui/log-view.js';

function show(
  options: { json?: boolean; isTTY?: boolean; titled?: boolean },
  ...pieces: [LogName, string][]
): string {
  const view = chooseLogView({ json: false, isTTY: false, titled: false, ...options });
  const shown = pieces.map(([log, text]) => Buffer.from(view.show(log, Buffer.from(text, 'latin1'))));
  return Buffer.concat(shown).toString('latin1') + view.end();
}

describe('a view of logs', () => {
  it('gives a pipe the bytes as they are', () => {
    expect(show({}, ['console', '\x1bc\xff\r\n'])).toBe('\x1bc\xff\r\n');
  });

  it('gives a terminal text alone', () => {
    expect(show({ isTTY: true }, ['console', '\x1bcbo'], ['console', 'ot\r\nlast'])).toBe('boot\nlast');
  });

  it('titles each log where there is more than one', () => {
    expect(show({ titled: true }, ['console', 'a\n'], ['console', 'b\n'], ['provision', 'c\n'])).toBe(
      '==> console <==\na\nb\n\n==> provision <==\nc\n',
    );
  });

  it('gives a line of JSON for every line, in whatever pieces it came', () => {
    expect(show({ json: true }, ['console', 'a\nb'], ['provision', 'x'], ['console', 'c\n'])).toBe(
      '{"log":"console","text":"a"}\n{"log":"console","text":"bc"}\n{"log":"provision","text":"x"}\n',
    );
  });
});
