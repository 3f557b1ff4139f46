import type { Hash, Hex } from '#protocol/primitives.ts'
import type { Ask } from './ask.ts'

/** What a text in the search field can be. */
export const SEARCHABLE = 'a block number, a block or transaction hash, an address, or “batch” and its number'

const BLOCK = /^(?:block\s*#?\s*)?(\d{1,15})$/i
const BATCH = /^batch\s*#?\s*(\d{1,15})$/i
export const ADDRESS = /^0x[0-9a-f]{40}$/i
const HASH = /^0x[0-9a-f]{64}$/i

/** The page of what was searched; undefined when there is none of that hash. `unclear` for what can be nothing of all. */
export async function findPage(ask: Ask, text: string): Promise<string | 'unclear' | undefined> {
  const batch = BATCH.exec(text)
  if (batch !== null) return `/batch/${batch[1]}`
  const block = BLOCK.exec(text)
  if (block !== null) return `/block/${block[1]}`
  if (ADDRESS.test(text)) return `/address/${text.toLowerCase()}`
  if (!HASH.test(text)) return 'unclear'
  const hash = text.toLowerCase() as Hash
  if ((await ask<Hex | null>('eth_getTransactionByHash', hash)) !== null) return `/tx/${hash}`
  return (await ask<Hex | null>('ots_getBlockDetailsByHash', hash)) === null ? undefined : `/block/${hash}`
}
