import Handlebars from 'handlebars';
import stringWidth from 'string-width';

/** What a template can use. */
export interface TemplateValues {
  readonly vm: { readonly name: string; readonly hostname: string };
  readonly values: Readonly<Record<string, unknown>>;
}

/** Handlebars of our own: helpers of other plugins that use it are none of ours. */
const handlebars = Handlebars.create();

/** `{{column name 20}}`: the text, filled up with blanks to a width in cells of a terminal. */
handlebars.registerHelper('column', (text: unknown, width: unknown): string => {
  const shown = String(text);
  return shown + ' '.repeat(Math.max(0, Number(width) - stringWidth(shown)));
});

/** `{{json value}}`: for files that are JSON, and for texts that need quotes. */
handlebars.registerHelper('json', (value: unknown): string => JSON.stringify(value));

/** What is wrong with a text as a template; undefined when it is one. */
export function syntaxProblem(text: string): string | undefined {
  try {
    handlebars.parse(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Fills in a template.
 *
 * @throws Error when it uses a value that there is not: an empty text in a configuration file is found much later
 */
export function render(text: string, values: TemplateValues): string {
  // Configuration files are no HTML: nothing is escaped.
  return handlebars.compile(text, { strict: true, noEscape: true })(values);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
