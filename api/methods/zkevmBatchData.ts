import { bytesToHex } from '#common/bytes.ts'
import { type BatchRow, findBatch, readBatchL2Data } from '#db/batches.ts'
import { type BatchHeads, readBatchHeads } from '#db/rpc/batches.ts'
import { type BatchLife, readBatchLife } from '#db/rpc/batchLife.ts'
import { readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { readCountersOfBatch } from '#db/rpc/counters.ts'
import { getForkRules } from '#protocol/forks.ts'
import { batchWorkflowId } from '#workflows/messages.ts'
import { resolveBatchNumber } from '../blockTag.ts'
import { countersLimit, countersUsed, formatCounterLimits, formatCounters } from '../counters.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, serverError } from '../errors.ts'
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
const STATES = [
  ...['open', 'closed', 'sequencing', 'virtual', 'proved', 'verifying', 'verified', 'finalized', 'failed'],
] as const
const batchStatus = schema.component(
  'batchStatus',
  schema.object({
    batchNumber: schema.quantity,
    state: { enum: STATES },
    since: schema.quantity,
    ...{ blocks: schema.quantity, transactions: schema.quantity, forced: schema.boolean },
    ...{ attempts: schema.integer, lastError: schema.nullable(schema.text) },
    ...{ sendSequencesTxHash: schema.nullable(schema.hash), verifyBatchTxHash: schema.nullable(schema.hash) },
    workflowId: schema.nullable(schema.text),
  }),
)

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
          const batchNumber = await resolveBatchNumber(deps, number)
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
        const row = await findBatch(db, await resolveBatchNumber(deps, batch))
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
      handle: async ([batch]) => {
        const row = await findBatch(db, await resolveBatchNumber(deps, batch))
        if (row === undefined) return null
        const [life, heads] = await Promise.all([readBatchLife(db, row.batchNumber), readBatchHeads(db)])
        const { state, since } = stateOf(row, life, heads)
        const { sequence, verification } = life
        return {
          ...{ batchNumber: quantity(row.batchNumber), state, since: quantity(since) },
          ...{ blocks: quantity(row.blockCount), transactions: quantity(row.txCount) },
          forced: row.forcedBatchNumber !== null,
          attempts: (sequence?.attempts ?? 0) + (verification?.attempts ?? 0),
          lastError: verification?.error ?? sequence?.error ?? null,
          sendSequencesTxHash: life.virtual?.l1TxHash ?? null,
          verifyBatchTxHash: life.verified?.l1TxHash ?? null,
          workflowId: deps.role === 'sequencer' && row.batchNumber > 0 ? batchWorkflowId(row.batchNumber) : null,
        }
      },
    }),
  ]
}

const UNDER_WAY = ['created', 'sent']

/** The last step it took; `failed` when L1 refused what was to take it further. Seconds. */
function stateOf(
  { batchNumber, closedAt, openedAt }: BatchRow,
  { virtual, proof, verified, sequence, verification }: BatchLife,
  { finalized }: BatchHeads,
): { state: (typeof STATES)[number]; since: number } {
  if (batchNumber === 0) return { state: 'finalized', since: toSeconds(openedAt) }
  if (verified !== undefined) return { state: batchNumber <= finalized ? 'finalized' : 'verified', since: verified.at }
  if (virtual !== undefined) {
    if (verification?.status === 'reverted') return { state: 'failed', since: verification.at }
    if (verification !== undefined && UNDER_WAY.includes(verification.status))
      return { state: 'verifying', since: verification.at }
    return proof === undefined ? { state: 'virtual', since: virtual.at } : { state: 'proved', since: proof.at }
  }
  if (closedAt === null) return { state: 'open', since: toSeconds(openedAt) }
  if (sequence?.status === 'reverted') return { state: 'failed', since: sequence.at }
  if (sequence !== undefined && sequence.status !== 'abandoned') return { state: 'sequencing', since: sequence.at }
  return { state: 'closed', since: toSeconds(closedAt) }
}

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000)
