import type { ImageReference } from '../images/contract.js';
import type { NodeReader } from './node-reader.js';
import { pathKind, show, textKind, type ValueKind } from './value-kinds.js';

const URL_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Any URL, of any scheme: plugins bring more of them. Messages never have the URL itself, it may hold a password.
 */
export const imageUrlKind: ValueKind<string> = {
  example: '"https://…"',
  read(value, written) {
    const text = textKind.read(value, written);
    if ('wrong' in text) return text;
    const url = text.value;
    if (/\s/.test(url)) return { wrong: 'must not have blanks', hint: 'Write %20 for a blank.' };
    if (!URL_SCHEME.test(url)) {
      return {
        wrong: 'must begin with a scheme, as "https://example.org/disk.qcow2" does',
        hint: /^[.~/]/.test(url) ? `For a file of this machine write: image ${show(url)}` : undefined,
      };
    }
    return URL.canParse(url) ? text : { wrong: 'cannot be read as a URL' };
  },
};

export const sha256Kind: ValueKind<string> = {
  example: '"…"',
  read(value, written) {
    const text = textKind.read(value, written);
    if ('wrong' in text) return text;
    if (/^[0-9a-f]{64}$/i.test(text.value)) return { value: text.value.toLowerCase() };
    const wrong = `must be 64 hexadecimal digits, and is ${show(text.value)}`;
    return {
      wrong,
      hint: /^sha256[:=]/i.test(text.value) ? `Leave out ${show(text.value.slice(0, 7))}.` : undefined,
    };
  },
};

/** The image of a VM: exactly one of `image` and `image-url`. */
export function readImage(vm: NodeReader): ImageReference | undefined {
  const imageKind = pathKind(vm.pathRoots);
  const path = vm.setting('image', {
    ...imageKind,
    read(value, written) {
      const isUrl = typeof value === 'string' && /^[a-z][a-z0-9+.-]+:\/\//i.test(value);
      if (isUrl)
        return { wrong: 'must be the path of a file, and is a URL', hint: 'Write it as image-url "…"' };
      return imageKind.read(value, written);
    },
  });
  const url = readImageUrl(vm.child('image-url'));
  vm.hintAbout('sha256', 'It belongs to the URL: image-url "…" sha256="…"');

  const [hasPath, hasUrl] = [vm.has('image'), vm.has('image-url')];
  if (hasPath && hasUrl) {
    vm.problem(`${vm.title} has both "image" and "image-url"`, {
      at: { kind: 'setting', name: 'image-url' },
      hint: 'Keep one of them.',
    });
  }
  if (!hasPath && !hasUrl) {
    vm.problem(`${vm.title} has no image`, {
      hint: 'Add image "path/to/disk.qcow2" or image-url "https://…"',
    });
  }
  return path === undefined ? url : { kind: 'path', path };
}

function readImageUrl(node: NodeReader | undefined): ImageReference | undefined {
  const url = node?.positional(0, imageUrlKind, { required: true, what: 'URL' });
  const sha256 = node?.setting('sha256', sha256Kind);
  return url === undefined ? undefined : { kind: 'url', url, ...(sha256 === undefined ? {} : { sha256 }) };
}
