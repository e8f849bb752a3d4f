import { JsonRenderer } from './json-renderer.js';
import { PlainRenderer } from './plain-renderer.js';
import type { Renderer } from './renderer.js';

/** The renderer that fits: JSON lines when asked for, a live view on a terminal, else plain lines. */
export async function chooseRenderer(options: {
  readonly json: boolean;
  readonly output: NodeJS.WriteStream;
}): Promise<Renderer> {
  const { json, output } = options;
  if (json) return new JsonRenderer(output);
  if (!output.isTTY || process.env['TERM'] === 'dumb' || process.env['CI'] !== undefined) {
    return new PlainRenderer(output);
  }
  const [{ createLogUpdate }, { TerminalRenderer }] = await Promise.all([
    import('log-update'),
    import('./terminal-renderer.js'),
  ]);
  return new TerminalRenderer(output, createLogUpdate(output));
}
