import { customParam, parseSafeQuantity } from '../params.ts'
import type { Schema } from '../schemas.ts'

const countSchema: Schema = { type: ['integer', 'string'] }

/** A whole number as tools write it: JSON number, quantity or decimal digits. */
export function parseCount(value: unknown, index: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  return parseSafeQuantity(value, index)
}

export const countParam = (name: string) => customParam(name, countSchema, parseCount)
