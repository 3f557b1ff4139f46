import { hexToBytes } from '#common/bytes.ts'
import { findMinedTransaction, readLogsOfTransaction } from '#db/rpc/transactions.ts'
import type { Hash } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { RPC_CODE, RpcError } from '../errors.ts'
import { formatReceipt } from '../format.ts'
import { method } from '../method.ts'
import { customParam, dataParam, optional, parseSafeQuantity } from '../params.ts'
import * as schema from '../schemas.ts'

const DEFAULT_TIMEOUT_MS = 20_000
const MAX_TIMEOUT_MS = 60_000

/** Milliseconds, as a JSON number or a quantity. */
const timeoutParam = customParam('timeout', { type: ['integer', 'string'] }, (value, index) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : parseSafeQuantity(value, index),
)

/** Sending and waiting in one request. Source: EIP-7966. */
export const ethSendSyncMethods = (deps: ApiDeps) => [
  method({
    name: 'eth_sendRawTransactionSync',
    summary: 'Takes a signed transaction and answers its receipt once it is mined',
    cost: 50,
    params: [dataParam('transaction'), optional(timeoutParam)],
    result: schema.receipt,
    handle: async ([transaction, timeout], { signal }) => {
      const [result] = await deps.intake.submit([hexToBytes(transaction)])
      if ('error' in result!) throw result.error
      const { hash } = result!
      const timeoutMs = Math.min(timeout || DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS)
      const receipt = await waitForReceipt(deps, hash, { timeoutMs, signal })
      if (receipt !== undefined) return receipt
      const text = `timeout: the transaction was taken but not mined within ${timeoutMs} ms`
      throw new RpcError(RPC_CODE.notMined, text, { data: hash })
    },
  }),
]

/** undefined when the time is over. @throws the reason of the signal */
export async function waitForReceipt(
  { db, head }: ApiDeps,
  hash: Hash,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
) {
  const timeout = AbortSignal.timeout(timeoutMs)
  for (;;) {
    const news = nextNews(head, signal === undefined ? timeout : AbortSignal.any([timeout, signal]))
    const row = await findMinedTransaction(db, hash)
    if (row !== undefined) {
      await head.reach(row.blockNumber)
      return formatReceipt(row, await readLogsOfTransaction(db, row))
    }
    await news
    signal?.throwIfAborted()
    if (timeout.aborted) return undefined
  }
}

/** Resolves at the next change of the chain, or when the signal is aborted. */
function nextNews(head: ApiDeps['head'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unsubscribe()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const unsubscribe = head.subscribe(done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
