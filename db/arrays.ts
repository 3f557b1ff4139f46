import { type SQL, sql } from 'drizzle-orm'
import type { Hex } from '#protocol/primitives.ts'

export type ArrayElement = string | number | bigint | boolean | Uint8Array | null

/**
 * One parameter holding any number of values, cast to an array of `type`. Sent as Postgres's array text, because the
 * driver would take the type of an array from its first element.
 */
export function arrayOf(type: string, values: readonly ArrayElement[]): SQL {
  return sql`${encodeArray(values)}::${sql.raw(type)}[]`
}

/** Array of bytea. */
export function hexArray(values: readonly Hex[]): SQL {
  const elements = values.map((hex) => `"\\\\x${hex.slice(2)}"`)
  return sql`${`{${elements.join()}}`}::bytea[]`
}

function encodeArray(values: readonly ArrayElement[]): string {
  let text = '{'
  for (const [index, value] of values.entries()) text += (index > 0 ? ',' : '') + encodeElement(value)
  return text + '}'
}

function encodeElement(value: ArrayElement): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array)
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`
  return String(value)
}
