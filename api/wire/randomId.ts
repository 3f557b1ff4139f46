import { randomBytes } from 'node:crypto'

/** Random 128-bit hex quantity: its first digit is not zero. */
export function randomId(): string {
  const digits = randomBytes(16).toString('hex')
  return `0x${digits.startsWith('0') ? `f${digits.slice(1)}` : digits}`
}
