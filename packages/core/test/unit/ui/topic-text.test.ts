import { describe, expect, it } from '@jest/globals';
import { topicText } from '../../../src/ui/topic-text.js';
import { wrapText } from '../../../src/ui/wrap-text.js';

const plain = (text: string): string => text;
const noStyle = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };
const bold = { ...noStyle, strong: (text: string) => `<b>${text}</b>` };

describe('a help topic on a terminal', () => {
  it('is wrapped, with code as it is and indented', () => {
    const page = `# Ports

Ports listen on
127.0.0.1, all of them.

\`\`\`console
vmctl   port web

vmctl port db
\`\`\`

- \`host\`: a port of this machine,
  from 1
- \`guest\`: one of the guest
`;
    expect(topicText(page, noStyle, 30)).toBe(`Ports

Ports listen on 127.0.0.1, all
of them.

    vmctl   port web

    vmctl port db

- \`host\`: a port of this
  machine, from 1
- \`guest\`: one of the guest
`);
  });

  it('is no wider than 80 columns on a wide one', () => {
    const lines = topicText('word '.repeat(100), noStyle, 200).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(79);
  });

  it('shows headings and code by their weight where there is one', () => {
    expect(topicText('## Ports\n\nSee `vmctl port`.', bold)).toBe('<b>Ports</b>\n\nSee <b>vmctl port</b>.\n');
  });
});

describe('wrapped text', () => {
  it('keeps code whole, and a long word on a line of its own', () => {
    expect(wrapText('use `vmctl port web`, or averyveryverylongword here', 20)).toEqual([
      'use',
      '`vmctl port web`, or',
      'averyveryverylongword',
      'here',
    ]);
  });

  it('has no lines when there is no text', () => {
    expect(wrapText('  ', 20)).toEqual([]);
  });
});
