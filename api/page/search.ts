import type { Hash, Hex } from '#protocol/primitives.ts'
import type { Ask } from './ask.ts'

/** What a text in the search field can be. */
export const SEARCHABLE = 'a block number, a block or transaction hash, an address, or “batch” and its number'

const NUMBER = /^\d{1,15}$/
const BATCH = /^batch\s*#?\s*(\d{1,15})$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
const HASH = /^0x[0-9a-f]{64}$/i

/** The page of what was searched; undefined when there is none of that hash. `unclear` for what can be nothing of all. */
export async function findPage(ask: Ask, text: string): Promise<string | 'unclear' | undefined> {
  const batch = BATCH.exec(text)
  if (batch !== null) return `/batch/${batch[1]}`
  if (NUMBER.test(text)) return `/block/${text}`
  if (ADDRESS.test(text)) return `/address/${text.toLowerCase()}`
  if (!HASH.test(text)) return 'unclear'
  const hash = text.toLowerCase() as Hash
  if ((await ask<Hex | null>('eth_getTransactionByHash', hash)) !== null) return `/tx/${hash}`
  return (await ask<Hex | null>('ots_getBlockDetailsByHash', hash)) === null ? undefined : `/block/${hash}`
}
