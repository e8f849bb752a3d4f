import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { VmctlError } from '../errors/vmctl-error.js';
import { shownUrl } from './image-url.js';

const MAX_REDIRECTS = 10;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/** Nothing came for too long. */
export class StallError extends Error {
  constructor(stallMs: number) {
    super(`nothing came for ${stallMs / 1000} s`);
    this.name = 'StallError';
  }
}

/** How {@link httpGet} asks. */
export interface HttpGetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long the answer may take, in milliseconds, connecting included. */
  readonly stallMs: number;
  /** For `http_proxy`, `https_proxy` and `no_proxy`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Certificate authorities instead of Node's own, PEM. */
  readonly ca?: string | undefined;
  /** For the origin of the URL alone; goes before credentials in the URL. */
  readonly authorization?: string | undefined;
}

/** An answer whose body has not been read. */
export interface HttpAnswer {
  readonly response: IncomingMessage;
  /** Where it came from in the end. */
  readonly url: URL;
}

/**
 * One GET, with redirects followed. Never from https to http, and credentials go only to the origin that the URL
 * gives them for. The body comes as the server sends it: nothing is decoded.
 *
 * Rejects with VMCTL_IMAGE_DOWNLOAD_FAILED for a redirect that is refused, a {@link StallError}, or Node's own error.
 */
export async function httpGet(start: URL, options: HttpGetOptions): Promise<HttpAnswer> {
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const response = await getOnce(url, start, options);
    if (!REDIRECTS.includes(response.statusCode) || response.headers.location === undefined) {
      return { response, url };
    }
    response.destroy();
    if (redirects === MAX_REDIRECTS) throw refused(start, `it redirects more than ${MAX_REDIRECTS} times`);
    url = nextUrl(start, url, response.headers.location);
  }
}

/**
 * Where a redirect leads.
 *
 * @throws VMCTL_IMAGE_DOWNLOAD_FAILED when it leads to something else than http and https, or from https to http
 */
export function nextUrl(start: URL, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw refused(start, `it redirects to ${JSON.stringify(location.slice(0, 200))}, which is no URL`);
  }
  const next = new URL(location, from);
  if (next.protocol !== 'https:' && next.protocol !== 'http:') {
    throw refused(start, `it redirects to a ${next.protocol} URL`);
  }
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw refused(
      start,
      `it redirects from https to http (${shownUrl(next)}), where anybody could change the image`,
    );
  }
  return next;
}

function getOnce(url: URL, start: URL, options: HttpGetOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const target = new URL(url);
  target.username = '';
  target.password = '';
  const authorization =
    options.authorization !== undefined && url.origin === start.origin
      ? options.authorization
      : authorizationFor(url, start);
  const requestOptions = {
    headers: { ...options.headers, ...(authorization === undefined ? {} : { authorization }) },
    signal: options.signal,
  };
  const request =
    target.protocol === 'https:'
      ? requestHttps(target, {
          ...requestOptions,
          agent: new HttpsAgent({ proxyEnv: options.env }),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        })
      : requestHttp(target, { ...requestOptions, agent: new HttpAgent({ proxyEnv: options.env }) });
  const timer = setTimeout(() => request.destroy(new StallError(options.stallMs)), options.stallMs);
  request.once('response', (response) => {
    clearTimeout(timer);
    // An error of a body that nobody reads any more is nobody's.
    response.on('error', () => undefined);
    resolve(response);
  });
  request.on('error', (error) => {
    clearTimeout(timer);
    reject(error);
  });
  request.end();
  return promise;
}

/** Basic authentication: a redirect's own credentials, or the first URL's as long as the origin stays the same. */
function authorizationFor(url: URL, start: URL): string | undefined {
  const { username, password } = url.username !== '' || url.origin !== start.origin ? url : start;
  if (username === '' && password === '') return undefined;
  const pair = `${decode(username)}:${decode(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refused(start: URL, why: string): VmctlError {
  return new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
    message: `Cannot download ${shownUrl(start)}: ${why}.`,
    hint: 'Find out where the image is now, and put that URL into the VMFile.',
    details: { url: shownUrl(start) },
  });
}
