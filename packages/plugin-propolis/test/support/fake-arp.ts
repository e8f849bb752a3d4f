import { FakeFailure, type FakeTool } from './fake-state.js';

/** arp(8): `arp -an`, the table without names. */
export const arp: FakeTool = (args, { neighbours }) => {
  if (args.join(' ') !== '-an') throw new FakeFailure('Usage: arp hostname\n       arp -a -n', 1);
  const rows = Object.entries(neighbours).map(
    ([mac, address]) => `net0   ${address.padEnd(20)} 255.255.255.255 o        ${mac}\n`,
  );
  return `Net to Media Table: IPv4
Device   IP Address               Mask      Flags      Phys Addr
------ -------------------- --------------- -------- ---------------
net0   224.0.0.0            240.0.0.0       SPLA     01:00:5e:00:00:00
${rows.join('')}`;
};
