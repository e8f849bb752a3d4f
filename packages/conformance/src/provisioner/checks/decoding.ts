import assert from 'node:assert/strict';
import { isAbsolute, join } from 'node:path';
import type { ProvisionInput } from '@vmctl/core/plugin';
import { assertSurvivesJson, throughJson } from '../../json.js';
import { readTree } from '../../tree.js';
import type { ProvisionerCheck } from '../facts.js';
import type { ProvisionerLab } from '../lab.js';

const UNKNOWN = 'x-conformance';

/** A node with a child that nobody knows, on a line of its own. */
function withUnknownChild(vmfile: string): { readonly text: string; readonly line: number } {
  const end = vmfile.trimEnd();
  const body = end.endsWith('}') ? end.slice(0, -1) : `${end} {`;
  return { text: `${body}\n${UNKNOWN} 1\n}`, line: body.split('\n').length + 1 };
}

/** What decides whether a step has changed, as vmctl sees it: the configuration, and the content of the inputs. */
async function fingerprint(lab: ProvisionerLab, vmfile: string): Promise<unknown> {
  const { value } = await lab.decode(vmfile);
  const inputs = (await lab.provisioner.inputs?.(value, { baseDir: lab.baseDir })) ?? [];
  const contents = await Promise.all(
    inputs.map(async (input) => (input.kind === 'value' ? input : contentOf(input.path))),
  );
  return throughJson([value ?? null, contents]);
}

async function contentOf(path: string): Promise<unknown> {
  const parent = await readTree(join(path, '..'));
  const name = path.slice(join(path, '..').length + 1);
  return [parent[name] ?? 'missing', Object.entries(parent).filter(([each]) => each.startsWith(`${name}/`))];
}

function assertInput(input: ProvisionInput, example: string): void {
  assertSurvivesJson(input, `an input of "${example}"`);
  if (input.kind === 'value') {
    assert.ok(input.name.trim() !== '', `an input of "${example}" is a value without a name`);
    assert.equal(typeof input.value, 'string', `the input ${input.name} of "${example}" is no text`);
    return;
  }
  assert.equal(input.kind, 'file', `an input of "${example}" is neither a file nor a value`);
  assert.ok(isAbsolute(input.path), `the input ${input.path} of "${example}" is not absolute`);
}

/** From the VMFile to a configuration. */
export const decodingChecks: readonly ProvisionerCheck[] = [
  {
    id: 'type-is-the-plugins',
    title: 'the provisioner has the type for which the plugin brings it',
    async run(lab) {
      const { subject, provisioner } = lab;
      assert.match(provisioner.type, /^[a-z][a-z0-9-]*$/, 'a type is a word of lower-case letters');
      if ('type' in subject) assert.equal(provisioner.type, subject.type, 'the provisioner has another type');
    },
  },
  {
    id: 'examples-are-accepted',
    title: 'every example can be decoded, with no problem',
    async run(lab) {
      for (const example of lab.subject.examples) await lab.config(example);
    },
  },
  {
    id: 'configuration-is-data',
    title: 'a configuration is data that survives JSON',
    async run(lab) {
      for (const example of lab.subject.examples) {
        assertSurvivesJson((await lab.config(example)) ?? null, `the configuration of "${example.name}"`);
      }
    },
  },
  {
    id: 'decode-is-pure',
    title: '`decode` gives the same for the same node, and writes nothing',
    async run(lab) {
      const before = await readTree(lab.baseDir);
      const all = async (): Promise<unknown> =>
        throughJson(
          await Promise.all(lab.subject.examples.map(async (each) => (await lab.config(each)) ?? null)),
        );
      const first = await all();
      assert.deepEqual(await all(), first, 'decoding twice gives two configurations');
      assert.deepEqual(await readTree(lab.baseDir), before, 'decode has written to the project');
    },
  },
  {
    id: 'unknown-settings-are-refused',
    title: 'a setting that nobody knows is a problem, with its place',
    async run(lab) {
      for (const { name, vmfile } of lab.subject.examples) {
        const { text, line } = withUnknownChild(vmfile);
        const { problems } = await lab.decode(text);
        assert.ok(
          problems.some((problem) => problem.line === line && problem.message.includes(UNKNOWN)),
          `"${name}" with "${UNKNOWN} 1" in it is accepted, or the problem is not on its line`,
        );
      }
    },
  },
  {
    id: 'invalid-nodes-are-refused',
    title: 'an invalid node is a problem with its place; `decode` does not throw',
    skip: ({ invalid }) => (invalid ? undefined : 'the subject has no invalid nodes'),
    async run(lab) {
      for (const { name, vmfile, message, at } of lab.subject.invalid ?? []) {
        const { problems } = await lab.decode(vmfile).catch((error: unknown) => {
          throw new assert.AssertionError({
            message: `decode throws for "${name}"; record a problem on the node instead: ${String(error)}`,
          });
        });
        const shown = problems.map((each) => `${each.line}:${each.column} ${each.message}`).join('\n');
        assert.ok(problems.length > 0, `"${name}" is accepted`);
        const found = problems.find((each) =>
          typeof message === 'string' ? each.message.includes(message) : message.test(each.message),
        );
        assert.ok(found !== undefined, `"${name}": no problem says ${String(message)}; there are:\n${shown}`);
        if (at !== undefined) {
          const { line, column } = found;
          assert.deepEqual({ line, column }, { ...at }, `"${name}": the problem is at another place`);
        }
        const lines = vmfile.split('\n').length;
        for (const { line } of problems) {
          assert.ok(line >= 1 && line <= lines, `"${name}": a problem is in line ${line} of ${lines}`);
        }
      }
    },
  },
  {
    id: 'inputs-are-data',
    title: '`inputs` are files by absolute path and values, the same each time',
    skip: ({ inputs }) => (inputs ? undefined : 'the provisioner has no inputs()'),
    async run(lab) {
      const { baseDir, provisioner } = lab;
      for (const example of lab.subject.examples) {
        const config = await lab.config(example);
        const inputs = (await provisioner.inputs?.(config, { baseDir })) ?? [];
        for (const input of inputs) assertInput(input, example.name);
        const again = (await provisioner.inputs?.(config, { baseDir })) ?? [];
        assert.deepEqual(throughJson(again), throughJson(inputs), `"${example.name}" has other inputs now`);
      }
    },
  },
  {
    id: 'inputs-notice-changes',
    title: 'a change of a file that the step depends on makes it another step',
    skip: ({ dependsOn }) => (dependsOn ? undefined : 'no example has dependsOn'),
    async run(lab) {
      for (const { name, vmfile, dependsOn = [] } of lab.subject.examples) {
        for (const path of dependsOn) {
          const before = await fingerprint(lab, vmfile);
          assert.deepEqual(await fingerprint(lab, vmfile), before, `"${name}" changes by itself`);
          const content = lab.subject.files?.[path] ?? '';
          await lab.write(path, `${content}# changed by the conformance kit\n`);
          assert.notDeepEqual(await fingerprint(lab, vmfile), before, `"${name}" does not notice ${path}`);
          // The next example may depend on the same file.
          await lab.write(path, content);
        }
      }
    },
  },
];
