import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '../../../src/errors/vmctl-error.js';
import { readPinnedHostKeys } from '../../../src/guest/known-hosts.js';
import { readKeyFile } from '../../../src/guest/ssh-keys.js';
import { GrowingFile } from '../../../src/host/growing-file.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { openRegular, readRegularText, readRegularTextSync } from '../../../src/host/regular-file.js';
import { backingFileName } from '../../../src/images/backing-file.js';
import { checkFiles } from '../../../src/pipeline/resolve-stage.js';
import { readJsonObject } from '../../../src/plugin-store/json-file.js';
import { readPluginList } from '../../../src/plugin-store/plugin-list.js';
import { readInstalledPlugins } from '../../../src/plugins/installed-plugins.js';
import { readLock } from '../../../src/project-plugins/lock-file.js';
import { ProvisionLog } from '../../../src/provisioner/provision-log.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { appendToJournal } from '../../../src/state/journal-file.js';
import { JournalReader } from '../../../src/state/journal-reader.js';
import { readRegistryFile } from '../../../src/state/registry-file.js';
import { readVmFileBytes } from '../../../src/vmfile/read-vmfile.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { vmWith } from '../../support/vmfile.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);

describe('a file', () => {
  it('is read where it is, and through a link', async () => {
    await writeFile(at('file'), 'text');
    await symlink('file', at('link'));
    for (const name of ['file', 'link']) {
      expect(await readRegularText(at(name))).toBe('text');
      expect(readRegularTextSync(at(name))).toBe('text');
    }
  });

  it('is empty where the null device is in its place', async () => {
    await symlink('/dev/null', at('file'));
    expect(await readRegularText(at('file'))).toBe('');
    expect(readRegularTextSync(at('file'))).toBe('');
  });

  it('is made when it is opened to be written', async () => {
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    await using file = await openRegular(at('log'), O_WRONLY | O_APPEND | O_CREAT, 0o600);
    await file.appendFile('line');
    expect(await readFile(at('log'), 'utf8')).toBe('line');
    expect((await file.stat()).mode & 0o777).toBe(0o600);
  });

  it('that is missing is an error of the file system', async () => {
    await expect(readRegularText(at('file'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => readRegularTextSync(at('file'))).toThrow('ENOENT');
  });
});

describe('in the place of a file', () => {
  const refused = (kind: string) => `${at('file')} is ${kind}, and no file`;

  it('a directory, a socket and a device are told', async () => {
    await mkdir(at('file'));
    await expect(readRegularText(at('file'))).rejects.toThrow(refused('a directory'));
    await symlink('/dev/zero', at('zero'));
    await expect(readRegularText(at('zero'))).rejects.toThrow('a device, and no file');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    try {
      await expect(readRegularText(at('socket'))).rejects.toThrow('a socket, and no file');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  describe('a named pipe', () => {
    beforeEach(async () => {
      for (const name of ['file', 'package.json', 'events.jsonl']) execFileSync('mkfifo', [at(name)]);
    });

    // Lets go on what waits for the other end, so that a failing test ends.
    afterEach(() => {
      for (const name of ['file', 'package.json', 'events.jsonl']) {
        closeSync(openSync(at(name), constants.O_RDWR | constants.O_NONBLOCK));
      }
    });

    const inPlace = (name: string) => `Cannot read ${at(name)}: a named pipe is where a file is needed.`;
    const dataDir = () => new DataDir(directory.path);

    it.each<readonly [what: string, read: () => Promise<unknown>, name: string]>([
      ['vms.json', () => readRegistryFile(at('file')), 'file'],
      ['pinned host keys', () => readPinnedHostKeys(at('file'), 'web'), 'file'],
      ['a lock file of plugins', () => readLock(at('file')), 'file'],
      ['the list of plugins', () => readPluginList(directory.path), 'package.json'],
      ['a log that is followed', () => new GrowingFile(at('file')).locate(), 'file'],
      ['the journal of events', () => JournalReader.open(dataDir(), { history: true }), 'events.jsonl'],
    ])('is never waited for when it is in the place of %s', async (_what, read, name) => {
      await expect(read()).rejects.toMatchObject({
        code: 'VMCTL_FILE_FAILED',
        message: inPlace(name),
        hint: `Move it away: mv ${at(name)} ${at(name)}.old`,
      });
    });

    it('is not to be moved away when it is a device, which others need', async () => {
      await expect(readRegistryFile('/dev/zero')).rejects.toMatchObject({
        message: 'Cannot read /dev/zero: a device is where a file is needed.',
        hint: 'Name a file in its place.',
      });
    });

    it.each<readonly [what: string, read: () => Promise<unknown>, code: string, message: string]>([
      ['a key', () => readKeyFile(at('file')), 'VMCTL_SSH_KEY_INVALID', 'it is a named pipe'],
      [
        'a VMFile',
        () => readVmFileBytes(at('file')),
        'VMCTL_VMFILE_UNREADABLE',
        'is a named pipe, and no VMFile',
      ],
      [
        'a package.json',
        () => readJsonObject(at('file')),
        'VMCTL_PLUGIN_INVALID',
        'is a named pipe, and no file',
      ],
    ])('is refused as %s, with the reason', async (_what, read, code, message) => {
      await expect(read()).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
    });

    it('is refused in a VMFile that names it', async () => {
      const definition = await vmWith(`cloud-init { user-data "${at('file')}" }`);
      await expect(checkFiles(definition)).rejects.toMatchObject({
        code: 'VMCTL_FILE_NOT_FOUND',
        message: `The file that \`user-data\` of the cloud-init block of web names cannot be read: ${at('file')} is a named pipe, and no file`,
      });
    });

    it('means that no plugins are installed, which is a problem that is told', () => {
      const { packages, broken } = readInstalledPlugins(directory.path);
      expect(packages).toEqual([]);
      expect(broken).toMatchObject([
        {
          problem: {
            code: 'VMCTL_PLUGIN_LIST_CORRUPT',
            message: expect.stringContaining(
              `so there are none: ${at('package.json')} is a named pipe, and no file.`,
            ),
          },
        },
      ]);
    });

    it('may be a disk that stands on anything', async () => {
      await expect(backingFileName(at('file'))).rejects.toMatchObject({
        message: expect.stringContaining(`Cannot read the disk ${at('file')}`),
      });
    });

    it('is never written to', async () => {
      const problems: string[] = [];
      const onProblem = (error: Error) => void problems.push(messageOf(error));
      const log = await ProvisionLog.open({ path: at('file'), onProblem });
      expect(log.usable).toBe(false);
      expect(problems).toEqual([`Cannot write ${at('file')}: a named pipe is where a file is needed.`]);
      await expect(
        appendToJournal('{}\n', { dataDir: dataDir(), processes: createProcessTable() }),
      ).rejects.toThrow('a named pipe, and no file');
    });
  });
});
