import pc from 'picocolors';

/** Colours by meaning. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
}

/**
 * Whether a stream gets colours: a terminal does, unless TERM is `dumb`. NO_COLOR with any text in it switches them off;
 * FORCE_COLOR switches them on for files, too, and with `0` or `false` off.
 */
export function wantsColors(
  stream: { readonly isTTY?: boolean },
  { NO_COLOR, FORCE_COLOR, TERM }: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

/** Colours where the stream wants them ({@link wantsColors}). */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const colors = pc.createColors(wantsColors(stream));
  return { good: colors.green, bad: colors.red, warn: colors.yellow, dim: colors.dim, strong: colors.bold };
}
