import { bytesToHex } from '#common/bytes.ts'
import { findBatch, readBatchL2Data } from '#db/batches.ts'
import { readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { readCountersOfBatch } from '#db/rpc/counters.ts'
import { getForkRules } from '#protocol/forks.ts'
import { batchStatus, readBatchStatus } from '../chain/batchStatus.ts'
import { resolveBatchNumber, resolveKeptBatch } from '../chain/blockTag.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, serverError } from '../errors.ts'
import { countersLimit, countersUsed, formatCounterLimits, formatCounters } from '../evm/counters.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, customParam, parseBlockNumberOrTag, parseList, parseObject } from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_BATCHES = 1000

const batchesParam = customParam('batches', { type: 'object', required: ['numbers'] }, (value, index) => {
  const numbers = parseList(parseObject(value, index)['numbers'], index)
  if (numbers.length > MAX_BATCHES) throw invalidArgument(index, `more than ${MAX_BATCHES} batches`)
  return numbers.map((number) => parseBlockNumberOrTag(number, index))
})

const batchData = schema.object({
  data: schema.listOf(schema.object({ number: schema.quantity, empty: schema.boolean }, { batchL2Data: schema.bytes })),
})
const batchCounters = schema.object({
  ...{ smtDepth: schema.integer, batchNumber: schema.quantity, blockFrom: schema.quantity, blockTo: schema.quantity },
  ...{ countersUsed, countersLimit },
})
/** What batches hold, what they use of a proof, and where they are in their lives. */
export const zkevmBatchDataMethods = (deps: ApiDeps) => {
  const { db } = deps
  return [
    method({
      name: 'zkevm_getBatchDataByNumbers',
      summary: 'Raw batch data for several batches in one call',
      cost: 20,
      params: [batchesParam],
      result: batchData,
      handle: async ([numbers]) => {
        const data = []
        for (const number of numbers) {
          const batchNumber = await resolveKeptBatch(deps, number)
          const row = await findBatch(db, batchNumber)
          const bytes = row === undefined ? new Uint8Array() : await readBatchL2Data(db, row)
          const isEmpty = bytes.length === 0
          data.push({
            ...{ number: quantity(batchNumber), empty: isEmpty },
            ...(isEmpty ? {} : { batchL2Data: bytesToHex(bytes) }),
          })
        }
        return { data }
      },
    }),
    method({
      name: 'zkevm_getBatchCountersByNumber',
      summary: 'Counters of a whole batch, beside their limits',
      cost: 10,
      params: [blockNumberParam('batchNumber')],
      result: batchCounters,
      handle: async ([batch]) => {
        const row = await findBatch(db, await resolveKeptBatch(deps, batch))
        if (row === undefined) throw serverError('batch not found')
        const headers = await readHeadersOfBatch(db, row.batchNumber)
        const [first, last] = [headers[0], headers.at(-1)]
        if (first === undefined || last === undefined) throw serverError('the batch has no blocks')
        const gasUsed = headers.reduce((sum, header) => sum + header.gasUsed, 0)
        return {
          ...{ smtDepth: last.treeDepth, batchNumber: quantity(row.batchNumber) },
          ...{ blockFrom: quantity(first.blockNumber), blockTo: quantity(last.blockNumber) },
          countersUsed: formatCounters(row.counters ?? (await readCountersOfBatch(db, row.batchNumber)), gasUsed),
          countersLimit: formatCounterLimits(getForkRules(row.forkId)),
        }
      },
    }),
    method({
      name: 'zkevm_getBatchStatus',
      summary: 'Life of a batch: state, age, attempts, last error, L1 transactions; null before it exists',
      cost: 10,
      params: [blockNumberParam('batchNumber')],
      result: schema.nullable(batchStatus),
      handle: async ([batch]) => (await readBatchStatus(deps, await resolveBatchNumber(deps, batch))) ?? null,
    }),
  ]
}
