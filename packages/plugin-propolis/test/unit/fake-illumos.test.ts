import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeIllumos } from '../support/fake-illumos.js';

let root = '';
let fake: FakeIllumos;
beforeEach(async () => {
  root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
  fake = FakeIllumos.create(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Runs a line of words without blanks. */
function run(line: string) {
  const [tool = '', ...args] = line.split(' ');
  return fake.run(tool, args);
}

/** Runs a line that has to succeed. */
function done(line: string): string {
  const { exitCode, stdout, stderr } = run(line);
  if (exitCode !== 0) throw new Error(`${line}: ${stderr}`);
  return stdout;
}

describe('the fake tools of illumos', () => {
  it.each([
    ['zfs create -x -V 1M rpool/a', 2, "invalid option 'x'"],
    ['zfs create -V 1M', 2, 'missing argument'],
    ['zfs create -V 0 rpool/a', 2, 'bad volume size'],
    ['zfs create -V 131072 tank/a', 1, "no such pool 'tank'"],
    ['zfs create -V 131072 rpool/b/c', 1, 'parent does not exist'],
    ['zfs create -o quota=1 -V 131072 rpool/a', 2, "invalid property 'quota'"],
    ['zfs list -Hp -o name,size', 2, "invalid property 'size'"],
    ['zfs list -Hp -o name -t snapshot rpool/a@base', 1, 'dataset does not exist'],
    ['zfs clone -p rpool/a@base rpool/b', 1, 'dataset does not exist'],
    ['zfs destroy rpool/a', 1, 'dataset does not exist'],
    ['zfs destroy rpool/a@base', 1, 'could not find any snapshots'],
    ['zfs destroy -R rpool', 99, 'refuses'],
    ['zfs frobnicate', 2, 'unrecognized command'],
    ['dladm create-vnic -t -l net9 vmctl7', 1, 'object not found'],
    ['dladm create-vnic -t -l net0 vmctl', 1, 'invalid link name'],
    ['dladm create-vnic -t -l net0 vm-ctl7', 1, 'invalid link name'],
    ['dladm create-vnic -t -l net0 -m nonsense vmctl7', 1, 'invalid MAC address'],
    ['dladm create-vnic -z -l net0 vmctl7', 1, "invalid option 'z'"],
    ['dladm delete-vnic -t vmctl7', 1, 'object not found'],
    ['dladm show-vnic -p', 1, 'requires -o'],
    ['dladm show-vnic -p -o link,colour', 1, "unknown output field 'colour'"],
    ['zoneadm list -x', 2, "invalid option 'x'"],
    ['arp -a', 1, 'Usage'],
  ])('%s exits with %i: %s', (line, exitCode, stderr) => {
    expect(run(line)).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(stderr) });
  });

  it('keep snapshots that have clones, and volumes that have snapshots, and name them', () => {
    done('zfs create -p -s -V 131072 rpool/i');
    done('zfs snapshot rpool/i@base');
    done('zfs clone -p rpool/i@base rpool/vms/web');
    expect(run('zfs destroy rpool/i@base').stderr).toMatch(/has dependent clones\n[^\n]*\nrpool\/vms\/web\n/);
    expect(run('zfs destroy rpool/i').stderr).toMatch(/volume has children\n[^\n]*\nrpool\/i@base\n/);
    done('zfs destroy rpool/vms/web');
    done('zfs destroy rpool/i@base');
    done('zfs destroy rpool/i');
  });

  it('take with -p whatever has the name for what was to be made, as zfs does', () => {
    done('zfs create -p -s -o vmctl:source=/first -V 131072 rpool/i');
    done('zfs create -p -s -o vmctl:source=/second -V 262144 rpool/i');
    expect(done('zfs list -Hp -o name,volsize,vmctl:source -t volume')).toBe('rpool/i\t131072\t/first\n');
  });

  it('round sizes at creation, and refuse others later', () => {
    done('zfs create -s -V 1 rpool/i');
    expect(done('zfs list -Hp -o volsize -t volume')).toBe('131072\n');
    expect(run('zfs set volsize=131073 rpool/i').stderr).toContain('multiple of volume block size');
    done('zfs set volsize=262144 rpool/i');
  });

  it('show VNICs with escapes and unpadded MAC addresses, and one field as it is', () => {
    done('dladm create-vnic -t -l net0 vmctl7');
    expect(done('dladm show-vnic -p -o link,over,macaddress')).toBe(
      String.raw`vmctl7:net0:2\:8\:20\:a\:0\:1` + '\n',
    );
    expect(done('dladm show-vnic -p -o macaddress')).toBe('2:8:20:a:0:1\n');
    expect(run('dladm create-vnic -t -l net0 vmctl7').stderr).toContain('object already exists');
  });

  it('fail as often as they are told to', () => {
    done('zfs create -s -V 131072 rpool/i');
    fake.fail('zfs destroy', "cannot destroy 'rpool/i': dataset is busy", 2);
    expect(run('zfs destroy rpool/i').stderr).toContain('busy');
    expect(run('zfs destroy rpool/i').stderr).toContain('busy');
    done('zfs destroy rpool/i');
  });
});
