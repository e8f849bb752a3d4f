const TAB = '    ';

/**
 * Text that cannot steer a terminal: control characters and marks of direction become visible, tabs become blanks.
 * Ends of lines stay.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Surrogate}\ufeff]/gu, (character) => {
    if (character === '\n') return character;
    if (character === '\t') return TAB;
    const code = character.charCodeAt(0);
    // The pictures of the C0 controls stand in their order from U+2400 on.
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
  });
}
