import { bigint, customType } from 'drizzle-orm/pg-core'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import type { BatchNumber, BlockNumber, Hex } from '#protocol/primitives.ts'

/** bytea in SQL, lower-case hex in TypeScript. Give the brand: `hexBytes<Hash>('hash')`. */
export const hexBytes = <T extends Hex = Hex>(name: string) =>
  customType<{ data: T; driverData: Uint8Array }>({
    dataType: () => 'bytea',
    toDriver: (hex) => Buffer.from(hexToBytes(hex)),
    fromDriver: (bytes) => bytesToHex(bytes) as T,
  })(name)

/** bytea in SQL, bytes in TypeScript: for batch data, code, raw transactions, witnesses. */
export const rawBytes = (name: string) =>
  customType<{ data: Uint8Array; driverData: Uint8Array }>({
    dataType: () => 'bytea',
    toDriver: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    fromDriver: (bytes) => bytes,
  })(name)

/** numeric(78,0) in SQL, bigint in TypeScript: wei and other uint256. */
export const uint256 = (name: string) =>
  customType<{ data: bigint; driverData: string }>({
    dataType: () => 'numeric(78,0)',
    toDriver: (value) => value.toString(),
    fromDriver: (value) => BigInt(value),
  })(name)

export const batchNumber = (name: string) => bigint(name, { mode: 'number' }).$type<BatchNumber>()
export const blockNumber = (name: string) => bigint(name, { mode: 'number' }).$type<BlockNumber>()
/** uint64 that fits a safe integer: L1 block numbers, seconds, gas, indices. */
export const safeInteger = (name: string) => bigint(name, { mode: 'number' })
