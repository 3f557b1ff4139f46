import { z } from 'zod'
import { hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { jsonRpcTarget } from '#common/jsonRpcTarget.ts'
import { Address, BatchNumber, Hash, type Hex } from '#protocol/primitives.ts'

/** The trusted sequencer does not answer, or in no form that is known: try again. */
export class TrustedSequencerError extends NodeError {
  override readonly name = 'TrustedSequencerError'
}

/** A batch as the sequencer tells it; an open one grows. */
export type TrustedBatch = {
  batchNumber: BatchNumber
  forcedBatchNumber: number | undefined
  coinbase: Address
  /** After the last block. */
  stateRoot: Hash
  /** Of the last block, seconds. */
  timestamp: number
  closed: boolean
  batchL2Data: Uint8Array
}

export interface TrustedSequencer {
  /** Undefined when there is no such batch yet. @throws {TrustedSequencerError} */
  readBatch(batchNumber: number): Promise<TrustedBatch | undefined>
}

const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/)
const quantity = z.string().regex(/^0x[0-9a-fA-F]{1,13}$/)
const answer = z.object({
  result: z
    .object({
      number: quantity,
      forcedBatchNumber: quantity.nullish(),
      coinbase: hex,
      stateRoot: hex,
      timestamp: quantity,
      closed: z.boolean(),
      batchL2Data: hex,
    })
    .nullable(),
})

/** Asks by zkevm_getBatchByNumber. */
export function createTrustedSequencer(options: { rpcUrl: string; requestTimeoutMs: number }): TrustedSequencer {
  const { rpcUrl, requestTimeoutMs } = options
  const target = jsonRpcTarget(rpcUrl)

  async function ask(batchNumber: number) {
    const params = [`0x${batchNumber.toString(16)}`, false]
    const request = { id: 1, method: 'zkevm_getBatchByNumber', params }
    const response = await target.post(request, AbortSignal.timeout(requestTimeoutMs))
    return answer.parse(await response.json()).result
  }

  return {
    async readBatch(batchNumber) {
      try {
        const batch = await ask(batchNumber)
        if (batch === null) return undefined
        const { forcedBatchNumber } = batch
        return {
          batchNumber: BatchNumber(Number(batch.number)),
          forcedBatchNumber: forcedBatchNumber == null ? undefined : Number(forcedBatchNumber),
          coinbase: Address(batch.coinbase),
          stateRoot: Hash(batch.stateRoot),
          timestamp: Number(batch.timestamp),
          closed: batch.closed,
          batchL2Data: hexToBytes(batch.batchL2Data as Hex),
        }
      } catch (cause) {
        throw new TrustedSequencerError('The trusted sequencer does not tell a batch.', {
          cause,
          facts: { sequencer: target.host, batchNumber },
        })
      }
    },
  }
}
