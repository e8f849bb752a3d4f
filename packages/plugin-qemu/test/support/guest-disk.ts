import { writeFile } from 'node:fs/promises';

/** What the guest writes to its serial port first. */
export const HELLO = 'hello from the guest\r\n';

const LOAD_ADDRESS = 0x7c00;
/** SeaBIOS boots no smaller disk. */
export const DISK_BYTES = 1024 * 1024;

/**
 * The disk of a guest that is one boot sector: it says hello on its serial port and then writes a dot at every tick of
 * its clock.
 *
 * - `attentive`: powers off when its power button is pressed (registers of the ICH9 where SeaBIOS puts them)
 * - `deaf`: does not look at the button
 * - `leaving`: powers off by itself once something is sent to its serial port
 */
export function guestDisk(kind: 'attentive' | 'deaf' | 'leaving'): Uint8Array {
  const powerOff = [
    ...[0xba, 0x04, 0x06], // mov dx, 0x604 (PM1 control)
    ...[0xb8, 0x00, 0x20], // mov ax, 0x2000 (sleep enable, S5)
    0xef, // out dx, ax
    0xf4, // hlt
  ];
  const beforeHello = [
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    0xfc, // cld
    ...[0xba, 0x02, 0x06], // mov dx, 0x602 (PM1 enable)
    ...[0xb8, 0x00, 0x01], // mov ax, 0x100 (power button)
    0xef, // out dx, ax
  ];
  const hello = (text: number): number[] => [
    ...[0xbe, text & 0xff, text >> 8], // mov si, text
    ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8 (COM1)
    0xac, // next: lodsb
    ...[0x84, 0xc0], // test al, al
    ...[0x74, 0x03], // jz past the loop
    0xee, // out dx, al
    ...[0xeb, 0xf8], // jmp next
  ];
  const tick = [
    0xf4, // hlt
    ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8
    ...[0xb0, 0x2e], // mov al, '.'
    0xee, // out dx, al
  ];
  const lookAtButton = [
    ...[0xba, 0x00, 0x06], // mov dx, 0x600 (PM1 status)
    0xed, // in ax, dx
    ...[0xf6, 0xc4, 0x01], // test ah, 1 (power button)
  ];
  // SeaBIOS reads the serial port at every tick, and makes keystrokes of it.
  const lookAtKeyboard = [
    ...[0xb4, 0x01], // mov ah, 1 (is there a keystroke?)
    ...[0xcd, 0x16], // int 0x16
  ];
  const look = kind === 'leaving' ? lookAtKeyboard : lookAtButton;
  const loop = [
    ...tick,
    ...(kind === 'deaf'
      ? [0xeb, -(tick.length + 2) & 0xff] // jmp back
      : [...look, 0x74, -(tick.length + look.length + 2) & 0xff, ...powerOff]), // jz back
  ];
  const textAddress = LOAD_ADDRESS + beforeHello.length + hello(0).length + loop.length;
  const disk = new Uint8Array(DISK_BYTES);
  disk.set([...beforeHello, ...hello(textAddress), ...loop, ...Buffer.from(`${HELLO}\0`)]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/** Writes such a disk and describes it as an image. */
export async function writeGuestImage(path: string, kind: Parameters<typeof guestDisk>[0]) {
  await writeFile(path, guestDisk(kind));
  return { path, format: 'raw', virtualSize: DISK_BYTES } as const;
}
