import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { candidateRanges, createPorts } from '../../../src/host/ports.js';

const listen = async (port: number, address: string): Promise<Server> => {
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  return server;
};

describe('createPorts', () => {
  it('hands out ports that a server can use, none of them twice, to however many at once', async () => {
    const tables = [createPorts(), createPorts()];
    const ports = await Promise.all(
      tables.flatMap((table) => Array.from({ length: 30 }, () => table.free())),
    );
    expect(new Set(ports).size).toBe(60);
    const servers = await Promise.all(ports.map((port) => listen(port, '127.0.0.1')));
    for (const server of servers) server.close();
  });

  it('tells taken ports from free ones, also when they are taken on all addresses', async () => {
    const { free, isFree } = createPorts();
    for (const address of ['127.0.0.1', '0.0.0.0']) {
      const port = await free();
      expect(await isFree(port)).toBe(true);
      const server = await listen(port, address);
      expect(await isFree(port)).toBe(false);
      server.close();
      await once(server, 'close');
      expect(await isFree(port)).toBe(true);
    }
  });

  it('names an address that this host does not have', async () => {
    await expect(createPorts().free('192.0.2.1')).rejects.toMatchObject({
      code: 'VMCTL_ADDRESS_UNUSABLE',
      message: expect.stringContaining('this host has no address 192.0.2.1'),
    });
  });
});

describe('candidateRanges', () => {
  it('stays clear of the ports of outgoing connections', () => {
    expect(candidateRanges({ from: 32_768, to: 60_999 })).toEqual([
      { from: 20_000, to: 32_767 },
      { from: 61_000, to: 65_535 },
    ]);
  });

  it('always leaves something to choose from', () => {
    fc.assert(
      fc.property(fc.nat(65_535), fc.nat(65_535), (a, b) => {
        const ephemeral = { from: Math.min(a, b), to: Math.max(a, b) };
        const ranges = candidateRanges(ephemeral);
        expect(ranges.length).toBeGreaterThan(0);
        for (const { from, to } of ranges) {
          expect(from).toBeGreaterThanOrEqual(20_000);
          expect(to).toBeLessThanOrEqual(65_535);
          expect(to).toBeGreaterThanOrEqual(from);
        }
      }),
    );
  });
});
