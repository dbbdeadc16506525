/** Writes TNEF streams for tests (MS-OXTNEF §2.1.3). */

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u16 = (value: number) => u32(value).subarray(0, 2);
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** One attribute with its checksum. */
export function attribute(level: 1 | 2, id: number, data: Buffer): Buffer {
  const sum = data.reduce((total, byte) => (total + byte) & 0xffff, 0);
  return Buffer.concat([Buffer.from([level]), u32(id), u32(data.length), data, u16(sum)]);
}

export const tnef = (...attributes: readonly Buffer[]): Buffer =>
  Buffer.concat([u32(0x223e9f78), u16(1), attribute(1, 0x00089006, u32(0x00010000)), ...attributes]);

export const properties = (...list: readonly Buffer[]): Buffer => Buffer.concat([u32(list.length), ...list]);
export const long = (id: number, value: number): Buffer => Buffer.concat([u16(0x0003), u16(id), u32(value)]);
const variable = (type: number, id: number, bytes: Buffer): Buffer =>
  Buffer.concat([u16(type), u16(id), u32(1), u32(bytes.length), padded(bytes)]);
export const unicode = (id: number, text: string): Buffer => variable(0x001f, id, Buffer.from(`${text}\0`, 'utf16le'));
export const string8 = (id: number, bytes: Buffer): Buffer => variable(0x001e, id, bytes);
export const binary = (id: number, bytes: Buffer): Buffer => variable(0x0102, id, bytes);
export const object = (id: number, bytes: Buffer): Buffer =>
  variable(0x000d, id, Buffer.concat([Buffer.alloc(16, 7), bytes]));
/** A property with a name (MS-OXTNEF §2.1.3.4.1), which is passed over. */
export const named = (name: string): Buffer => {
  const text = Buffer.from(`${name}\0`, 'utf16le');
  return Buffer.concat([u16(0x0003), u16(0x8001), Buffer.alloc(16), u32(1), u32(text.length), padded(text), u32(9)]);
};

/** An attachment with attributes, then properties. */
export const file = (title: string, data: Buffer, ...list: readonly Buffer[]): Buffer =>
  Buffer.concat([
    attribute(2, 0x00069002, Buffer.alloc(14)),
    attribute(2, 0x00018010, Buffer.from(`${title}\0`, 'latin1')),
    attribute(2, 0x0006800f, data),
    ...(list.length === 0 ? [] : [attribute(2, 0x00069005, properties(...list))]),
  ]);
