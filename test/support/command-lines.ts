import {
  commandAt,
  type CommandTree,
  wordsBelow,
} from '../../packages/core/src/cli/completion/command-model.js';
import { separateGuestCommand } from '../../packages/core/src/cli/guest-command-line.js';

/** The calls of vmctl in a text with a shell's command lines: what stands after `vmctl`, word by word. */
export function vmctlCalls(text: string): string[][] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').replace(/^\$ /, ''))
    .flatMap((line) => line.split(/&&|\|\||[|;<>()]/))
    .flatMap((part) => {
      const words = part.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
      const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
      return words[at] === 'vmctl' ? [words.slice(at + 1)] : [];
    });
}

/** What is wrong with a call, as far as the words tell; undefined for one that is fine. */
export function wrongCall(words: readonly string[], tree: CommandTree): string | undefined {
  const [first = ''] = words;
  if (['', '--help', '--version', '__complete'].includes(first)) return undefined;
  const path: string[] = [];
  for (const word of words) {
    if (!wordsBelow(tree, path).has(word) && commandAt(tree, [...path, word]) === undefined) break;
    path.push(word);
  }
  const command = commandAt(tree, path);
  const line = `vmctl ${words.join(' ')}`;
  if (command === undefined) {
    const isTopic = path.length === words.length && wordsBelow(tree, path).size > 0;
    return isTopic ? undefined : `${line}: no such command`;
  }
  const [, ...rest] = separateGuestCommand([path.at(-1) ?? '', ...words.slice(path.length)]);
  const end = rest.indexOf('--');
  const own = end === -1 ? rest : rest.slice(0, end);
  for (const word of own) {
    const [, name] = /^--([a-z0-9-]+)/.exec(word) ?? [];
    const [, char] = /^-([a-zA-Z])/.exec(word) ?? [];
    const flags = Object.values(command.flags);
    const isKnown =
      name === undefined
        ? char === undefined || char === 'h' || flags.some((flag) => flag.char === char)
        : name === 'help' ||
          flags.some((flag) => flag.name === name || (flag.allowNo === true && `no-${flag.name}` === name));
    if (!isKnown) return `${line}: no flag ${word}`;
  }
  const args = own.filter((word) => !word.startsWith('-'));
  const takesNone = command.strict !== false && Object.keys(command.args).length === 0;
  const hasOptions = own.some((word) => word.startsWith('-'));
  return takesNone && !hasOptions && args.length > 0 ? `${line}: too many words` : undefined;
}
