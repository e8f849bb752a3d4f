import type { ConfigReading } from './value-kinds.js';
import { shown } from './value-kinds.js';

const PREFIX_HINT = 'Write the beginning of URLs in full, such as "https://example.org/images/".';

/** The beginning of the URLs of images. */
export function readPrefix(text: string): ConfigReading<string> {
  const url = parseUrl(text);
  if (url === undefined) return { wrong: `must be a URL, not ${shown(text)}`, hint: PREFIX_HINT };
  if (url.username !== '' || url.password !== '') {
    return {
      wrong: `has a login, which no prefix needs: ${shown(text)}`,
      hint: 'Leave it out: URLs with a login begin with the prefix as well.',
    };
  }
  if (url.search !== '' || url.hash !== '') {
    return {
      wrong: `has a query, and stands for all that comes after it: ${shown(text)}`,
      hint: PREFIX_HINT,
    };
  }
  return { value: url.href };
}

/** One place, or a list of them. */
export function readMirrors(
  value: unknown,
): ConfigReading<readonly string[]> & { readonly index?: number | undefined } {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) {
    return {
      wrong: 'must name a URL, and is an empty list',
      hint: 'Leave the prefix out, or name a mirror.',
    };
  }
  const urls: string[] = [];
  for (const [index, each] of list.entries()) {
    const url = typeof each === 'string' ? parseUrl(each) : undefined;
    if (url === undefined || url.search !== '' || url.hash !== '') {
      const wrong = `must be a URL that can stand in place of the prefix, not ${shown(each)}`;
      return { wrong, hint: PREFIX_HINT, index: Array.isArray(value) ? index : undefined };
    }
    urls.push(url.href);
  }
  return { value: urls };
}

function parseUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // `mirror.example:8080/x` is a URL of the scheme "mirror.example" as far as the standard goes.
  return url !== undefined && /^[a-z][a-z0-9+-]*:\/\//i.test(text) ? url : undefined;
}
