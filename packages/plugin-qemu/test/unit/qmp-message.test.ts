import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseQmpMessage } from '../../src/qmp-message.js';

describe('parseQmpMessage', () => {
  it('reads the greeting of a real QEMU', () => {
    expect(
      parseQmpMessage(
        '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2"}, "capabilities": ["oob"]}}',
      ),
    ).toEqual({ kind: 'greeting', version: { major: 7, minor: 2, micro: 22, package: 'Debian 1:7.2' } });
  });

  it('reads replies, with the id that they are for', () => {
    expect(parseQmpMessage('{"return": {"status": "running"}, "id": 7}')).toEqual({
      kind: 'return',
      id: 7,
      value: { status: 'running' },
    });
    expect(parseQmpMessage('{"id": 8, "error": {"class": "CommandNotFound", "desc": "no such"}}')).toEqual({
      kind: 'error',
      id: 8,
      class: 'CommandNotFound',
      description: 'no such',
    });
  });

  it('reads events, with or without a time', () => {
    expect(
      parseQmpMessage(
        '{"timestamp": {"seconds": 10, "microseconds": 500000}, "event": "SHUTDOWN", "data": {"guest": true}}',
      ),
    ).toEqual({ kind: 'event', event: { name: 'SHUTDOWN', data: { guest: true }, time: 10_500 } });
    expect(parseQmpMessage('{"event": "STOP", "timestamp": {"seconds": -1, "microseconds": -1}}')).toEqual({
      kind: 'event',
      event: { name: 'STOP', data: {}, time: undefined },
    });
  });

  it.each(['', 'hello', '[]', 'null', '7', '{}', '{"event": 3}', '{"error": "text"}', '{"QMP": 1}'])(
    'refuses %j',
    (line) => {
      expect(() => parseQmpMessage(line)).toThrow(SyntaxError);
    },
  );

  it('either understands a JSON value or refuses it, and never fails otherwise', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (line) => {
        try {
          expect(['greeting', 'return', 'error', 'event']).toContain(parseQmpMessage(line).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
