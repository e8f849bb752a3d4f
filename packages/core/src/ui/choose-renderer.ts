import { JsonRenderer } from './json-renderer.js';
import { isLive } from './live-output.js';
import { PlainRenderer } from './plain-renderer.js';
import type { Renderer } from './renderer.js';

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
