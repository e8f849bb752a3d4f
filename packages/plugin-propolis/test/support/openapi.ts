import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';

/** A request as it goes over the wire; of a WebSocket, its upgrade. */
export interface SentRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
}

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: object }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content | { readonly $ref: string }>>;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Document {
  readonly info: { readonly version: string };
  readonly components: { readonly responses: Readonly<Record<string, Content>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The largest values of the integers that the document names. */
const INTEGERS = {
  uint8: 2 ** 8 - 1,
  uint16: 2 ** 16 - 1,
  uint32: 2 ** 32 - 1,
  uint64: 2 ** 64,
  uint: 2 ** 64,
};

/** The published document of propolis-server, if it is on this machine. It is no part of the repository. */
function findOpenApi(): string | undefined {
  const given = process.env['VMCTL_PROPOLIS_OPENAPI'];
  if (given !== undefined && given !== '') return given;
  const beside = join(import.meta.dirname, '../../../../../shared/reference/propolis');
  const [found] = globSync('*.json', { cwd: beside });
  return found === undefined ? undefined : join(beside, found);
}

/** An `it` with the published document, which says in one line that it is skipped where there is none. */
export function itWithOpenApi(
  name: string,
  test: (document: OpenApi) => Promise<void>,
  timeoutMs?: number,
): void {
  const path = findOpenApi();
  if (path !== undefined) it(name, () => test(new OpenApi(path)), timeoutMs);
  else it.skip(skipped(name), () => undefined);
}

/** A `describe` with the published document, which says in one line that it skips where there is none. */
export function describeWithOpenApi(name: string, tests: (document: OpenApi) => void): void {
  const path = findOpenApi();
  if (path !== undefined) {
    const document = new OpenApi(path);
    describe(name, () => tests(document));
    return;
  }
  describe.skip(skipped(name), () => tests(undefined as never));
}

/** Tells the reader of the test run, and gives the name of what is skipped. */
function skipped(name: string): string {
  const why = 'no OpenAPI document in VMCTL_PROPOLIS_OPENAPI or ../shared/reference/propolis/*.json';
  process.stderr.write(`skipped: ${name} (${why})\n`);
  return `${name} (${why})`;
}

/** Says what is wrong with requests, by the published document. */
export class OpenApi {
  readonly version: string;
  readonly #document: Document;
  readonly #ajv: Ajv;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(path: string) {
    // The published document has this shape; what it lacks makes the tests fail.
    this.#document = toJsonSchema(JSON.parse(readFileSync(path, 'utf8'))) as Document;
    this.version = this.#document.info.version;
    this.#ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false });
    ajvFormats.default(this.#ajv);
    for (const [name, max] of Object.entries(INTEGERS)) {
      this.#ajv.addFormat(name, {
        type: 'number',
        validate: (value: number) => Number.isInteger(value) && value >= 0 && value <= max,
      });
    }
    this.#ajv.addSchema(this.#document, 'propolis');
  }

  /** What is wrong with a request: its path, its method, its query, its body. */
  problemsOfRequest({ method, path, body }: SentRequest): readonly string[] {
    const url = new URL(path, 'http://server');
    const operation = this.#document.paths[url.pathname]?.[method === 'WS' ? 'get' : method.toLowerCase()];
    if (operation === undefined) return [`${method} ${url.pathname} is not in the document`];
    if (method === 'WS' && operation.responses['101'] === undefined) return [`${path} is no WebSocket`];
    const problems: string[] = [];
    for (const [name, value] of url.searchParams) {
      const parameter = operation.parameters?.find((known) => known.in === 'query' && known.name === name);
      if (parameter === undefined) problems.push(`${url.pathname} takes no ${name}`);
      else problems.push(...this.#check(parameter.schema, Number(value)));
    }
    const wanted = operation.requestBody?.content?.['application/json']?.schema;
    if (wanted === undefined)
      return body === '' ? problems : [...problems, `${method} ${path} takes no body`];
    return [...problems, ...this.#check(wanted, body === '' ? undefined : JSON.parse(body))];
  }

  /** What is wrong with an answer to a request: its status, its body. */
  problemsOfAnswer(
    { method, path }: Pick<SentRequest, 'method' | 'path'>,
    { status, body }: { readonly status: number; readonly body: string },
  ): readonly string[] {
    const { pathname } = new URL(path, 'http://server');
    const { responses } = this.#document.paths[pathname]?.[method.toLowerCase()] ?? { responses: {} };
    const group = `${String(status).slice(0, 1)}XX`;
    const response = responses[String(status)] ?? responses[group];
    if (response === undefined) return [`${method} ${pathname} has no answer ${status}`];
    const schema = ('$ref' in response ? this.#document.components.responses['Error'] : response)?.content?.[
      'application/json'
    ]?.schema;
    if (schema === undefined) return body === '' ? [] : [`${status} of ${pathname} has no body`];
    return this.#check(schema, JSON.parse(body));
  }

  #check(schema: object, value: unknown): readonly string[] {
    const resolved = JSON.stringify(schema).replaceAll('"#/', '"propolis#/');
    let validate = this.#compiled.get(resolved);
    if (validate === undefined) {
      validate = this.#ajv.compile(JSON.parse(resolved));
      this.#compiled.set(resolved, validate);
    }
    return validate(value) ? [] : (validate.errors ?? []).map(describeError);
  }
}

function describeError({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath}: ${message ?? 'wrong'} ${JSON.stringify(params)}`;
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has another type. */
function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, toJsonSchema(inner)]),
  );
  // It writes `null` as a text that can only be null.
  if (rest['title'] === 'Null') return { type: 'null' };
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
}
