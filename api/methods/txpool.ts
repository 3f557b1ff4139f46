import { countPool, listPoolTransactions, type PoolRow } from '#db/pool.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import type { Address } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { formatPendingTransaction, quantity } from '../format.ts'
import { method } from '../method.ts'
import { addressParam } from '../params.ts'
import * as schema from '../schemas.ts'

type ByNonce = Record<string, unknown>

const byNonce = schema.mapOf(schema.transaction, '^(0|[1-9][0-9]*)$')
const bySender = schema.mapOf(byNonce, '^0x[0-9a-f]{40}$')

/** Most transactions of one answer: what the pool holds by default, several times. */
const MAX_LISTED = 10_000

/** The waiting transactions. pending: an unbroken run from the account's nonce; queued: behind a gap. */
export const txpoolMethods = ({ db }: ApiDeps) => {
  async function content(sender?: Address) {
    const rows = await listPoolTransactions(db, { limit: MAX_LISTED, ...(sender === undefined ? {} : { sender }) })
    const bySender = new Map<Address, PoolRow[]>()
    for (const row of rows) {
      const ofSender = bySender.get(row.sender)
      if (ofSender === undefined) bySender.set(row.sender, [row])
      else ofSender.push(row)
    }
    const senders = [...bySender.keys()]
    const accounts = await createDatabaseStateReader(db).getAccounts(senders)
    const pending: Record<Address, ByNonce> = {}
    const queued: Record<Address, ByNonce> = {}
    for (const [index, address] of senders.entries()) {
      let next = Number(accounts[index]!.nonce)
      for (const row of bySender.get(address)!) {
        const isRun = row.nonce === next
        if (isRun) next += 1
        const place = isRun ? pending : queued
        place[address] ??= {}
        place[address][String(row.nonce)] = formatPendingTransaction(row)
      }
    }
    return { pending, queued }
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
      handle: async () => await content(),
    }),
    method({
      name: 'txpool_contentFrom',
      summary: 'Waiting transactions of one sender by nonce',
      cost: 2,
      params: [addressParam('address')],
      result: schema.object({ pending: byNonce, queued: byNonce }),
      handle: async ([address]) => {
        const { pending, queued } = await content(address)
        return { pending: pending[address] ?? {}, queued: queued[address] ?? {} }
      },
    }),
  ]
}
