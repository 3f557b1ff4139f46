import type { Hex } from '#protocol/primitives.ts'

/** 0x and no leading zero. */
export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`
}

/** 32 bytes. */
export function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}
