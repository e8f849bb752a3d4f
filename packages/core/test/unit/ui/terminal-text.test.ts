import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { oneLine, printedLine, TerminalText } from '../../../src/ui/terminal-text.js';

function show(...chunks: string[]): string {
  const text = new TerminalText();
  return chunks.map((chunk) => text.push(Buffer.from(chunk, 'latin1'))).join('') + text.flush();
}

describe('TerminalText', () => {
  it('leaves out what would move the cursor, clear the screen or ring', () => {
    expect(show('\x1bc\x1b[2J\x1b[1;1HSeaBIOS\x07\r\n\ttext\n')).toBe('SeaBIOS\n\ttext\n');
  });

  it('recognises a sequence that is cut between chunks', () => {
    expect(show('a\x1b[3', '1mred\x1b[', '0m\n')).toBe('ared\n');
  });

  it('leaves out the control characters of the upper half', () => {
    const text = new TerminalText();
    expect(text.push(Buffer.from('a\u009d0;title\u009cb\u0090\n'))).toMatch(/^a.*b\n$/);
    expect(text.push(Buffer.from('\u0085\u008d\n'))).toBe('\n');
  });

  it('puts foreign text on one line', () => {
    expect(oneLine('a\x1b[31m\nb\tc')).toBe('a b c');
  });

  it('keeps characters that are cut between chunks', () => {
    const bytes = Buffer.from('é\n');
    const text = new TerminalText();
    expect(text.push(bytes.subarray(0, 1)) + text.push(bytes.subarray(1))).toBe('é\n');
  });

  it('never lets a control character through, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), (chunks) => {
        const text = new TerminalText();
        const shown = chunks.map((chunk) => text.push(chunk)).join('') + text.flush();
        // oxlint-disable-next-line no-control-regex -- control characters are the subject
        expect(shown).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });
});

describe('a line that somebody prints', () => {
  it.each([
    ['plain 日本語 🎉\ttext', 'plain 日本語 🎉\ttext'],
    ['\x1b[1;31mred\x1b[0m', 'red'],
    ['\x1b[2J\x1b[1A\x07\x9b2Kx', 'x'],
    ['a\nb', 'a b'],
  ])('%j is only text and tabs: %j', (line, shown) => {
    expect(printedLine(line)).toBe(shown);
  });

  it('has no control character but tabs, whatever comes', () => {
    const piece = fc.constantFrom(
      ...['\x1b', '[', '3', '1', ';', 'm', 'A', '\x9b', '\x07', '\r', '\n', ']', '?', 'x', '日'],
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        // oxlint-disable-next-line no-control-regex -- none may be left
        expect(printedLine(pieces.join(''))).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
