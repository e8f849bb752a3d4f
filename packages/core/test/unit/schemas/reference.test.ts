import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandNames, JsonSchemas, schemaOf } from '../../../../../test/support/json-schemas.js';
import { repositoryRoot } from '../../../../../test/support/vmctl-home.js';

const page = readFileSync(join(repositoryRoot, 'docs/reference/json.md'), 'utf8');
const closed = new JsonSchemas({ closed: true });

/** The examples, with the name of the schema that each is for. */
const examples = [...page.matchAll(/^```jsonl? ([a-z-]+)\n([^]*?)^```$/gm)].map(
  ([, schema = '', text = '']) => ({
    schema,
    text,
  }),
);

function valuesOf({ schema, text }: (typeof examples)[number]): unknown[] {
  const isLined = ['event', 'events', 'log'].includes(schema);
  return (isLined ? text.trimEnd().split('\n') : [text]).map((each): unknown => JSON.parse(each));
}

describe('the reference of --json', () => {
  it.each(examples)('has an example for $schema that is as its schema says', (example) => {
    const problems = valuesOf(example).flatMap((value) => closed.problems(example.schema, value));
    expect(problems).toEqual([]);
  });

  it('names every command, with its schema or among those with events', () => {
    const unnamed = commandNames().filter(
      (command) =>
        !page.includes(`### ${command}\n`) &&
        !page.slice(0, page.indexOf('## Schemas')).includes(`\`${command}\``),
    );
    expect(unnamed).toEqual([]);
    const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, command = '']) => command);
    const unlinked = headings.filter(
      (command) => !page.includes(`schemas/${schemaOf(command)}.schema.json)`),
    );
    expect(unlinked).toEqual([]);
  });

  it('names every type of event', () => {
    const path = join(repositoryRoot, 'packages/core/schemas/event.schema.json');
    const { $defs } = JSON.parse(readFileSync(path, 'utf8')) as { $defs: Record<string, unknown> };
    expect(Object.keys($defs).filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
  });
});
