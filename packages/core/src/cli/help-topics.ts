import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `vmctl help TOPIC` explains, beyond the commands, in the order in which it is listed. Each is help/NAME.md. */
export const helpTopics: Readonly<Record<string, string>> = {
  vmfile: 'The VMFile: what it looks like, and every setting.',
  networking: 'How guests reach the outside, and you reach guests.',
  provisioning: 'Steps that set a guest up, and when they run again.',
  plugins: 'What plugins bring, and how to get them.',
  config: 'Settings: files and environment variables; where vmctl keeps things.',
  'exit-codes': 'What the exit status of a command says.',
};

/** The Markdown of a topic. */
export function readHelpTopic(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, '../../help', `${name}.md`), 'utf8');
}
