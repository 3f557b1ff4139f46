import { countPool, type PoolRow } from '#db/pool.ts'
import type { Address } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { readWaiting } from '../chain/waiting.ts'
import type { ApiDeps } from '../deps.ts'
import { formatPendingTransaction, quantity } from '../format.ts'
import { method } from '../method.ts'
import { addressParam } from '../params.ts'
import * as schema from '../schemas.ts'

const byNonce = schema.mapOf(schema.transaction, '^(0|[1-9][0-9]*)$')
const bySender = schema.mapOf(byNonce, '^0x[0-9a-f]{40}$')
const texts = schema.mapOf(schema.mapOf(schema.text, '^(0|[1-9][0-9]*)$'), '^0x[0-9a-f]{40}$')

type ByNonce<T> = Record<string, T>
type Content<T> = { pending: Record<Address, ByNonce<T>>; queued: Record<Address, ByNonce<T>> }

/** The waiting transactions. pending: an unbroken run from the account's nonce; queued: behind a gap. */
export const txpoolMethods = ({ db }: ApiDeps) => {
  async function content<T>(show: (row: PoolRow) => T, sender?: Address): Promise<Content<T>> {
    const found: Content<T> = { pending: {}, queued: {} }
    for (const { row, isRun } of await readWaiting(db, sender)) {
      const place = isRun ? found.pending : found.queued
      place[row.sender] ??= {}
      place[row.sender]![String(row.nonce)] = show(row)
    }
    return found
  }

  return [
    method({
      name: 'txpool_status',
      summary: 'How many transactions wait',
      cost: 2,
      params: [],
      result: schema.object({ pending: schema.quantity, queued: schema.quantity }),
      handle: async () => {
        const { pending, queued } = await countPool(db)
        return { pending: quantity(pending), queued: quantity(queued) }
      },
    }),
    method({
      name: 'txpool_content',
      summary: 'Waiting transactions by sender and nonce',
      cost: 20,
      params: [],
      result: schema.object({ pending: bySender, queued: bySender }),
      handle: async () => await content(formatPendingTransaction),
    }),
    method({
      name: 'txpool_contentFrom',
      summary: 'Waiting transactions of one sender by nonce',
      cost: 2,
      params: [addressParam('address')],
      result: schema.object({ pending: byNonce, queued: byNonce }),
      handle: async ([address]) => {
        const { pending, queued } = await content(formatPendingTransaction, address)
        return { pending: pending[address] ?? {}, queued: queued[address] ?? {} }
      },
    }),
    method({
      name: 'txpool_inspect',
      summary: 'Waiting transactions as texts, by sender and nonce',
      cost: 20,
      params: [],
      result: schema.object({ pending: texts, queued: texts }),
      handle: async () => await content(describe),
    }),
  ]
}

/** As geth puts it. */
function describe({ raw }: PoolRow): string {
  const { to, value, gasLimit, gasPrice } = decodeRawTransaction(raw)
  return `${to ?? 'contract creation'}: ${value} wei + ${gasLimit} gas × ${gasPrice} wei`
}
