import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { GuestScreen } from '../../../src/ui/guest-screen.js';

/** Shows the pieces, one after the other. */
function screenWith(...pieces: readonly string[]): GuestScreen {
  const screen = new GuestScreen();
  for (const piece of pieces) screen.show(Buffer.from(piece, 'latin1'), false);
  return screen;
}

describe('the screen of a guest', () => {
  it('has nothing to take back when the guest has only written text', () => {
    expect(screenWith('Debian GNU/Linux\r\nlogin: \x1b[2J\x1b[H').reset()).toBe('');
  });

  it.each([
    ['the alternate screen of an editor', '\x1b[?1049h', '\x1b[?1049l'],
    ['pasting in brackets', '\x1b[?2004h', '\x1b[?2004l'],
    ['the mouse', '\x1b[?1000;1006h', '\x1b[?1000l\x1b[?1006l'],
    ['a hidden cursor', '\x1b[?25l', '\x1b[?25h'],
    ['lines that do not wrap, as after the BIOS', '\x1b[?7l', '\x1b[?7h'],
    ['a colour', '\x1b[1;31mred', '\x1b[0m'],
    ['a scrolling region', '\x1b[1;20r', '\x1b7\x1b[r\x1b8'],
    ['line drawing', '\x1b(0', '\x0f\x1b(B'],
    ['the keypad of applications', '\x1b=', '\x1b>'],
  ])('takes back %s', (_what, written, reset) => {
    expect(screenWith(written).reset()).toBe(reset);
  });

  it('leaves alone what the guest has taken back itself', () => {
    expect(screenWith('\x1b[?1049h\x1b[?25l', 'text', '\x1b[?25h\x1b[?1049l').reset()).toBe('');
  });

  it('sees a sequence wherever the bytes are cut', () => {
    const written = 'text\x1b[?1049hmore';
    for (let cut = 0; cut <= written.length; cut++) {
      expect(screenWith(written.slice(0, cut), written.slice(cut)).reset()).toBe('\x1b[?1049l');
    }
  });

  it('shows what is live byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(new GuestScreen().show(bytes, false)).toEqual(bytes);
      }),
    );
  });

  it.each([
    ['where the cursor is', '\x1b[6n'],
    ['what it is', '\x1b[c'],
    ['what it is, the second way', '\x1b[>0c'],
    ['its background', '\x1b]11;?\x07'],
    ['its size', '\x1b[18t'],
    ['a mode', '\x1b[?2026$p'],
    ['who it is', '\x05'],
  ])('does not ask the terminal again %s when it replays', (_what, query) => {
    const show = (replayed: boolean): string =>
      Buffer.from(new GuestScreen().show(Buffer.from(`a\x1b[31m${query}b`, 'latin1'), replayed)).toString(
        'latin1',
      );
    expect(show(true)).toBe('a\x1b[31mb');
    expect(show(false)).toBe(`a\x1b[31m${query}b`);
  });

  it('replays text of any language as it was', () => {
    const text = Buffer.from('größer ✓ 日本語\r\n');
    expect(Buffer.from(new GuestScreen().show(text, true))).toEqual(text);
  });
});
