import { JsonRenderer } from './json-renderer.js';
import { PlainRenderer } from './plain-renderer.js';
import type { Output, Renderer } from './renderer.js';

/** The renderer that fits: JSON lines when asked for, a live view on a terminal, else plain lines. */
export async function chooseRenderer(options: {
  readonly json: boolean;
  readonly output: NodeJS.WriteStream;
}): Promise<Renderer> {
  const { json, output } = options;
  if (json) return new JsonRenderer(output);
  if (!isLive(output)) return new PlainRenderer(output);
  const { TerminalRenderer } = await import('./terminal-renderer.js');
  return new TerminalRenderer(output);
}

/** Whether somebody watches who sees lines that change: no file, no pipe, no CI, no terminal that cannot. */
export function isLive(
  output: Pick<Output, 'isTTY'>,
  { TERM, CI }: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const isCi = CI !== undefined && CI !== '' && CI !== '0' && CI !== 'false';
  return output.isTTY === true && TERM !== 'dumb' && !isCi;
}
