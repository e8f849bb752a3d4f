import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listenToTalk, shareTerminal, writeDirectly } from '../../../src/ui/shared-terminal.js';
import { FakeTerminal } from '../../support/fake-terminal.js';

let terminal: FakeTerminal;
let stderr: NodeJS.WriteStream;
let heard: string[];
let stop: () => void;
beforeEach(() => {
  terminal = new FakeTerminal();
  stderr = terminal as unknown as NodeJS.WriteStream; // What is shared is `write` and `isTTY`, which this has.
  shareTerminal(stderr);
  heard = [];
  stop = listenToTalk((text) => heard.push(text));
});
afterEach(() => stop());

describe('a terminal that is shared', () => {
  it('gives what others write to who has a live view on it', () => {
    terminal.write('a warning\n');
    expect(heard).toEqual(['a warning\n']);
    expect(terminal.text).toBe('');
    stop();
    terminal.write('after it\n');
    expect(terminal.text).toBe('after it');
  });

  it('calls back who wants to know when it is written', async () => {
    await new Promise<void>((resolve) => stderr.write(Buffer.from('a warning\n'), () => resolve()));
    expect(heard).toEqual(['a warning\n']);
  });

  it('takes what the live view writes itself', () => {
    writeDirectly(terminal, 'a frame\n');
    expect(terminal.text).toBe('a frame');
    expect(heard).toEqual([]);
  });
});
