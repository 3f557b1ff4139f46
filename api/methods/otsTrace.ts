import { findDeployment, findFirstBlockWithCode } from '#db/rpc/addressTransactions.ts'
import { findHeader } from '#db/rpc/blocks.ts'
import type { OtterscanTrace } from '#executor/tracers/otterscanTracer.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { requireHistory } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { partiesOf, readFlatCalls } from '../evm/flatTraces.ts'
import { MAX_TRACE_MS } from '../evm/traceConfig.ts'
import { traceTransaction } from '../evm/traces.ts'
import { method, type RequestContext } from '../method.ts'
import { addressParam, hashParam } from '../params.ts'
import * as schema from '../schemas.ts'

const otsCall = schema.object({
  ...{ type: schema.text, depth: schema.integer, from: schema.address, to: schema.address },
  ...{ value: schema.nullable(schema.quantity), input: schema.bytes, output: schema.bytes },
})
const operation = schema.object({
  ...{ type: { enum: [0, 1, 2, 3] }, from: schema.address, to: schema.address, value: schema.quantity },
})

/** What an Otterscan explorer asks of the inside of a transaction. */
export const otsTraceMethods = (deps: ApiDeps) => {
  async function trace(txHash: Hash, { signal }: RequestContext): Promise<OtterscanTrace> {
    const spec = { tracer: 'otterscanTracer', config: {} }
    const { json } = await traceTransaction(deps, txHash, spec, { timeoutMs: MAX_TRACE_MS, signal })
    return JSON.parse(json)
  }

  /** Of a contract that another one made: the block in which its code appeared is run again. */
  async function findInnerCreation(contract: Address, { signal }: RequestContext) {
    const blockNumber = await findFirstBlockWithCode(deps.db, contract)
    if (blockNumber !== undefined && blockNumber > 0) requireHistory(deps, blockNumber)
    const header = blockNumber === undefined ? undefined : await findHeader(deps.db, blockNumber)
    if (header === undefined) return null
    const calls = await readFlatCalls(deps, header, { timeoutMs: MAX_TRACE_MS, signal })
    // The last one: what an earlier one made may have been reverted with its caller.
    const creation = calls.findLast((call) => call.type === 'create' && partiesOf(call).to === contract)
    if (creation === undefined) return null
    return { hash: creation.transactionHash, creator: partiesOf(creation).from }
  }

  return [
    method({
      name: 'ots_traceTransaction',
      summary: 'All calls of a mined transaction, each with its depth',
      cost: 200,
      params: [hashParam('transactionHash')],
      result: schema.listOf(otsCall),
      handle: async ([txHash], context) => (await trace(txHash, context)).calls,
    }),
    method({
      name: 'ots_getInternalOperations',
      summary: 'Ether that moved inside a mined transaction (0, 1 when all of an account) and contracts it made (2, 3)',
      cost: 200,
      params: [hashParam('transactionHash')],
      result: schema.listOf(operation),
      handle: async ([txHash], context) => (await trace(txHash, context)).operations,
    }),
    method({
      name: 'ots_getTransactionError',
      summary: 'What a mined transaction reverted with, 0x when it did not',
      cost: 200,
      params: [hashParam('transactionHash')],
      result: schema.bytes,
      handle: async ([txHash], context) => (await trace(txHash, context)).error,
    }),
    method({
      name: 'ots_getContractCreator',
      summary:
        'Who made a contract, an account or another contract, and in which transaction; null for those of genesis',
      cost: 200,
      params: [addressParam('address')],
      result: schema.nullable(schema.object({ hash: schema.hash, creator: schema.address })),
      handle: async ([address], context) =>
        (await findDeployment(deps.db, address)) ?? (await findInnerCreation(address, context)),
    }),
  ]
}
