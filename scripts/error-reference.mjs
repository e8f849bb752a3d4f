// Writes docs/reference/errors.md from the registry of error codes.
import { readFile, writeFile } from 'node:fs/promises';
import { errorRegistry, EXIT } from '../packages/core/src/errors/registry.ts';
import { format } from 'prettier';

const exits = [
  [0, 'Everything that was asked for is done.'],
  [EXIT.failure, 'Something failed; what and where is said. Other VMs may be up.'],
  [EXIT.usage, 'Bad flags, a bad VMFile, an unknown name: nothing was done.'],
  [EXIT.host, 'This machine lacks something: a program, a plugin, a permission, space.'],
  [EXIT.changes, '`vmctl plan --detailed-exitcode`: all went well, and there are changes.'],
  [EXIT.interrupted, 'Ctrl-C or SIGTERM; what was kept is said.'],
];

/** The page, formatted. */
export async function errorReference() {
  const page = `# Errors and exit statuses

<!-- Written by scripts/error-reference.mjs from packages/core/src/errors/registry.ts. -->

An error says what happened, where and why; the line that begins with \`Try:\` says what to do. The code in
brackets is stable: scripts may rely on it, the wording may change. With \`--json\` an error is the object
\`{"error": {"code", "message", "hint", "details", "cause"}}\`.

## Exit statuses

| status | meaning |
| --- | --- |
${exits.map(([status, meaning]) => `| ${status} | ${meaning} |`).join('\n')}

\`vmctl ssh\` and \`vmctl exec\` pass on the status of the command in the guest, and end with 255 when it could not be run.
\`exec\` ends with 128 + N when signal N ended the command. What else a status says of one command is in the
[command reference](commands.md) and in its \`--help\`. A second Ctrl-C, which ends vmctl at once, is 130 as well. The command
of a plugin that has a status of its own keeps it.

A command that works on VMs (\`up\`, \`down\`, \`create\`, \`stop\` …) exits with 1 when a VM failed, whatever its error: one may
lack a plugin, another have a bad image. \`image pull\` does so when an image failed. The status below is that of an error that
ends the whole command; with \`--json\` the error of each VM is in \`vm.finished\` and in \`run.finished\`.

## Codes

| code | exit | meaning |
| --- | --- | --- |
${Object.entries(errorRegistry)
  .map(([code, { meaning, exit }]) => `| \`${code}\` | ${exit} | ${meaning} |`)
  .join('\n')}
`;
  return format(page, { parser: 'markdown' });
}

if (process.argv[1] === import.meta.filename) {
  const path = new URL('../docs/reference/errors.md', import.meta.url);
  const page = await errorReference();
  if (process.argv.includes('--check')) {
    if ((await readFile(path, 'utf8')) !== page) {
      process.stderr.write(
        'docs/reference/errors.md is out of date. Run: node scripts/error-reference.mjs\n',
      );
      process.exitCode = 1;
    }
  } else {
    await writeFile(path, page);
  }
}
