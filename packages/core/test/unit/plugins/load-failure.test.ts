import { describe, expect, it } from '@jest/globals';
import { reportError } from '../../../src/errors/error-report.js';
import { errorLine, loadFailed, type LoadStep } from '../../../src/plugins/load-failure.js';
import type { PluginPackage } from '../../../src/plugins/manifest.js';

const NO_PACKAGE = "Error: Cannot find package 'left-pad' imported from /p/dist/plugin.js";
const NO_CORE = "Error: Cannot find package '@vmctl/core' imported from /p/dist/plugin.js";

function failed(pkg: Partial<PluginPackage>, step: LoadStep, why: string, cause?: unknown) {
  const manifest = { apiVersion: 1, entry: './dist/plugin.js', contributes: {} };
  const base = { name: 'acme', version: '1.0.0', root: '/p', vmctl: {}, origin: 'user' };
  return reportError(loadFailed({ package: { ...base, ...pkg }, manifest }, step, why, cause));
}

describe('a plugin that cannot be loaded', () => {
  it.each([
    ['user', 'acme@^1', 'entry', 'missing', 'Install it again (vmctl plugins install acme@^1), or remove it'],
    ['user', undefined, 'entry', 'missing', 'from where it came (vmctl plugins inspect acme)'],
    ['user', 'acme@latest', 'apply', 'no', 'Update it (vmctl plugins update acme), or remove it'],
    ['user', 'acme@latest', 'import', NO_CORE, 'Tell its authors, or remove it'],
    ['link', undefined, 'entry', 'missing', 'Build it (npm run build in /p), or unlink it'],
    ['link', undefined, 'apply', 'no', 'Mend it, and build it (npm run build in /p), or unlink it'],
    ['link', undefined, 'import', NO_PACKAGE, 'Install left-pad there, as one of its "dependencies"'],
    ['link', undefined, 'import', NO_CORE, 'Import types alone from @vmctl/core ("import type")'],
    [
      'link',
      undefined,
      'import',
      'module is not defined in ES module scope',
      'Write the entry as an ES module',
    ],
    ['folder', undefined, 'entry', 'missing', 'Build it: npm install && npm run build in /p'],
    ['folder', undefined, 'import', NO_PACKAGE, 'Install left-pad there'],
    ['project', undefined, 'apply', 'no', 'The VMFile requires it.'],
  ] as const)('that came as %s (%s), in its %s: %s', (origin, from, step, why, hint) => {
    expect(failed({ origin, from }, step, why).hint).toContain(hint);
  });

  it('is shown with the place in its own code, and ends its sentence once', () => {
    const error = new Error('no.');
    error.stack = [
      'Error: no.',
      '    at Hook.call (/core/tapable.js:1:1)',
      '    at Object.apply (file:///p/dist/plugin.js:12:5)',
      '    at run (/core/run.js:2:2)',
    ].join('\n');
    expect(failed({ origin: 'link' }, 'apply', 'its apply() failed: no.', error).message).toBe(
      'The plugin acme 1.0.0 cannot be loaded: its apply() failed: no (dist/plugin.js:12:5).',
    );
  });

  it('is shown without the advice that Node.js gives to programmers', () => {
    expect(errorLine(new ReferenceError('module is not defined\nRename it.'))).toBe(
      'ReferenceError: module is not defined',
    );
  });
});
