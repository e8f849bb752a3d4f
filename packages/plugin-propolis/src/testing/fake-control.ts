import { FakeRefusal } from './fake-answer.js';
import type { FakePropolisServer } from './fake-propolis-server.js';
import { readFault } from './faults.js';

/** Does to a fake server what another process asks for. */
export async function control(server: FakePropolisServer, what: string, body: string): Promise<void> {
  switch (what) {
    case 'power-off':
      return server.powerOff();
    case 'fail-vm':
      return server.failVm();
    case 'drop-consoles':
      return server.serial.hangUp('drop');
    case 'say':
      return server.say(body);
    case 'start-migration':
      return server.startMigration();
    case 'end-migration':
      return server.endMigration(body === '' ? undefined : readDestination(body));
    case 'fault': {
      const { step, ...fault } = readFault(JSON.parse(body));
      server.fail(step, fault);
      return undefined;
    }
    default:
      throw new FakeRefusal(404, `there is no /fake/${what}`);
  }
}

function readDestination(body: string): { readonly destination: string; readonly fromStart: number } {
  const value: unknown = JSON.parse(body);
  if (typeof value === 'object' && value !== null && 'destination' in value && 'from_start' in value) {
    const { destination, from_start: fromStart } = value;
    if (typeof destination === 'string' && typeof fromStart === 'number') return { destination, fromStart };
  }
  throw new FakeRefusal(400, 'end-migration takes {"destination": "HOST:PORT", "from_start": N}, or nothing');
}
