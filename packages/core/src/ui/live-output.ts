import type { Output } from './renderer.js';

/** Whether somebody watches who sees lines that change: no file, no pipe, no CI, no terminal that cannot. */
export function isLive(
  output: Pick<Output, 'isTTY'>,
  { TERM, CI }: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const isCi = CI !== undefined && CI !== '' && CI !== '0' && CI !== 'false';
  return output.isTTY === true && TERM !== 'dumb' && !isCi;
}
