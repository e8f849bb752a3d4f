import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmPatience } from '../../../src/plugin-store/npm-retries.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vmctl-npm-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

const SHORT = { NPM_CONFIG_FETCH_RETRY_MINTIMEOUT: '2000', NPM_CONFIG_FETCH_RETRY_FACTOR: '3' };

describe('the wait of npm between two tries', () => {
  it('is short', async () => {
    expect(await npmPatience({ HOME: home })).toEqual(SHORT);
  });

  it('is short as well when the user says how often npm tries', async () => {
    await writeFile(join(home, '.npmrc'), 'fetch-retries=5\n# fetch-retry-factor=1\n');
    expect(await npmPatience({ HOME: home, npm_config_fetch_retries: '4' })).toEqual(SHORT);
  });

  it('is that of ~/.npmrc', async () => {
    await writeFile(join(home, '.npmrc'), 'registry=http://r/\nfetch-retry-mintimeout = 100\n');
    expect(await npmPatience({ HOME: home })).toEqual({});
  });

  it('is that of the npmrc that npm is told to read', async () => {
    await writeFile(join(home, 'other'), 'fetch-retry-maxtimeout=100\n');
    expect(await npmPatience({ HOME: home, npm_config_userconfig: join(home, 'other') })).toEqual({});
  });

  it.each(['npm_config_fetch_retry_factor', 'NPM_CONFIG_FETCH_RETRY_MINTIMEOUT'])(
    'is that of the variable %s',
    async (name) => {
      expect(await npmPatience({ HOME: home, [name]: '1' })).toEqual({});
    },
  );
});
