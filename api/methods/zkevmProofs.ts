import { bytesToHex } from '#common/bytes.ts'
import { findBatch, isClosed } from '#db/batches.ts'
import { findVirtualBatch, getAccInputHash, ProofInputsMissingError, readRangeInputs } from '#db/proofInputs.ts'
import { findWitness } from '#db/proofs.ts'
import { findHeader, readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { balanceKey, codeHashKey, codeLengthKey, nonceKey, storageKey } from '#merkletree/keys.ts'
import { getNodeProof } from '#merkletree/nodeProof.ts'
import { BatchNumber, BlockNumber, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { produceRangeWitness } from '#prover/witness.ts'
import { getBlockByParameter } from '../chain/blockTag.ts'
import { requireBatchHistory } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, invalidParams, RPC_CODE, RpcError, serverError } from '../errors.ts'
import { quantity, word } from '../format.ts'
import { method } from '../method.ts'
import {
  addressParam,
  blockParam,
  booleanParam,
  customParam,
  optional,
  parseSafeQuantity,
  slotsParam,
} from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_PROVEN_SLOTS = 1024
const MAX_WITNESS_BLOCKS = 1000
const BUSY_RETRY_SECONDS = 5

const nodes = schema.listOf(schema.bytes)
const smtProof = schema.component(
  'smtProof',
  schema.object({
    ...{ address: schema.address, balance: schema.quantity, codeHash: schema.hash },
    ...{ codeLength: schema.quantity, nonce: schema.quantity },
    ...{ balanceProof: nodes, nonceProof: nodes, codeHashProof: nodes, codeLengthProof: nodes },
    storageProof: schema.listOf(schema.object({ key: schema.hash, value: schema.quantity, proof: nodes })),
  }),
)
const proverInput = schema.object({
  witness: schema.bytes,
  coinbase: schema.address,
  oldAccInputHash: schema.hash,
  timestampLimit: schema.integer,
  forcedBlockhashL1: schema.either(schema.hash, schema.constant('')),
})

/** A quantity, or a number of JSON. */
const batchParam = customParam(
  'batchNumber',
  schema.either(schema.quantity, schema.integer),
  (value, index): BatchNumber => {
    const number = typeof value === 'number' ? value : parseSafeQuantity(value, index)
    if (!Number.isSafeInteger(number) || number < 0) throw invalidArgument(index, 'batch number expected')
    return BatchNumber(number)
  },
)

/** Witnesses hold what their blocks touch; a full one would be the whole state. */
const modeParam = optional(
  customParam('mode', { enum: ['none', 'full', 'trimmed'] }, (value, index) => {
    if (value === 'full') throw invalidArgument(index, 'witnesses hold what their blocks touch: use trimmed')
    if (value !== 'none' && value !== 'trimmed') throw invalidArgument(index, 'none, full or trimmed expected')
    return value
  }),
)
const debugParam = optional(booleanParam('debug'))

/** Proofs of the state, and witnesses to execute blocks without it: merkletree/witness.ts has their form. */
export const zkevmProofMethods = (deps: ApiDeps) => {
  const { db } = deps
  let isProducing = false

  /** One at a time. @throws {RpcError} -32005 busy */
  async function produce(from: number, to: number): Promise<Hex> {
    if (from > to || from === 0) throw invalidParams('invalid block range')
    if (to - from >= MAX_WITNESS_BLOCKS)
      throw invalidParams(`witnesses are limited to a ${MAX_WITNESS_BLOCKS} block range`)
    if (isProducing)
      throw new RpcError(RPC_CODE.limited, 'busy: a witness is being made', {
        data: { retryAfter: BUSY_RETRY_SECONDS },
      })
    isProducing = true
    try {
      const before = await findHeader(db, BlockNumber(from - 1))
      const parts = await readRangeInputs(db, {
        ...{ chainId: deps.chainId, fromBlock: BlockNumber(from), toBlock: BlockNumber(to) },
      })
      const store = createDatabaseNodeStore(db)
      return bytesToHex(await produceRangeWitness({ parts, store, reader: deps.stateAt(before!) }))
    } finally {
      isProducing = false
    }
  }

  /** From the State DB when it was made there, which is so for every batch that was checked. */
  async function witnessOfBatch(batchNumber: BatchNumber): Promise<Hex> {
    requireBatchHistory(deps, batchNumber)
    const batch = await findBatch(db, batchNumber)
    if (batch === undefined || batchNumber === 0) throw serverError('batch not found')
    const headers = await readHeadersOfBatch(db, batchNumber)
    const [first, last] = [headers[0], headers.at(-1)]
    if (first === undefined || last === undefined) throw serverError('the batch has no blocks')
    const before = await findHeader(db, BlockNumber(first.blockNumber - 1))
    const kept = isClosed(batch) ? await findWitness(db, batchNumber, before!.stateRoot) : undefined
    return kept === undefined ? await produce(first.blockNumber, last.blockNumber) : bytesToHex(kept)
  }

  return [
    method({
      name: 'zkevm_getProof',
      summary: 'Sparse Merkle tree proof of an account and of storage slots: the nodes of each path from the root down',
      cost: 200,
      params: [addressParam('address'), slotsParam('storageKeys'), blockParam('block')],
      result: smtProof,
      handle: async ([address, slots, block]) => {
        if (slots.length > MAX_PROVEN_SLOTS) throw invalidParams(`too many slots (max ${MAX_PROVEN_SLOTS})`)
        const header = await getBlockByParameter(deps, block)
        const reader = deps.stateAt(header)
        const keys = slots.map((slot) => ({ address, slot }))
        const [[account], values] = await Promise.all([reader.getAccounts([address]), reader.getStorage(keys)])
        const store = createDatabaseNodeStore(db)
        const prove = async (key: Uint8Array) => (await getNodeProof(store, header.stateRoot, key)).map(bytesToHex)
        const { balance, nonce, codeHash, codeSize } = account!
        const [balanceProof, nonceProof, codeHashProof, codeLengthProof] = await Promise.all(
          [balanceKey, nonceKey, codeHashKey, codeLengthKey].map((keyOf) => prove(keyOf(address))),
        )
        return {
          ...{ address, balance: quantity(balance), codeHash, codeLength: quantity(codeSize), nonce: quantity(nonce) },
          ...{ balanceProof, nonceProof, codeHashProof, codeLengthProof },
          storageProof: await Promise.all(
            slots.map(async (slot, index) => ({
              ...{ key: word(slot), value: quantity(values[index]!), proof: await prove(storageKey(address, slot)) },
            })),
          ),
        }
      },
    }),
    method({
      name: 'zkevm_getWitness',
      summary: 'State witness of a block',
      cost: 200,
      params: [blockParam('block'), modeParam, debugParam],
      result: schema.bytes,
      handle: async ([block]) => {
        const { blockNumber } = await getBlockByParameter(deps, block)
        return await produce(blockNumber, blockNumber)
      },
    }),
    method({
      name: 'zkevm_getBlockRangeWitness',
      summary: 'State witness of a block range, both ends included',
      cost: 200,
      params: [blockParam('from'), blockParam('to'), modeParam, debugParam],
      result: schema.bytes,
      handle: async ([from, to]) => {
        const [first, last] = [await getBlockByParameter(deps, from), await getBlockByParameter(deps, to)]
        return await produce(first.blockNumber, last.blockNumber)
      },
    }),
    method({
      name: 'zkevm_getBatchWitness',
      summary: 'State witness of a batch',
      cost: 200,
      params: [batchParam, modeParam],
      result: schema.bytes,
      handle: async ([batchNumber]) => await witnessOfBatch(batchNumber),
    }),
    method({
      name: 'zkevm_getProverInput',
      summary: 'What a stateless prover needs for a batch; sequencer role only',
      cost: 200,
      params: [batchParam, modeParam, debugParam],
      result: proverInput,
      handle: async ([batchNumber]) => {
        if (deps.role !== 'sequencer')
          throw new RpcError(RPC_CODE.notSupported, 'method not supported: use the sequencer')
        const witness = await witnessOfBatch(batchNumber)
        const batch = await findBatch(db, batchNumber)
        const virtual = await findVirtualBatch(db, batchNumber)
        const { coinbase, timestampLimit, forcedBlockHashL1 } = virtual ?? {
          ...{ coinbase: batch!.coinbase, timestampLimit: batch!.lastTimestamp ?? 0, forcedBlockHashL1: ZERO_HASH },
        }
        return {
          ...{ witness, coinbase, timestampLimit, oldAccInputHash: await getOldAccInputHash(batchNumber) },
          forcedBlockhashL1: forcedBlockHashL1 === ZERO_HASH ? '' : forcedBlockHashL1,
        }
      },
    }),
  ]

  async function getOldAccInputHash(batchNumber: BatchNumber) {
    try {
      return await getAccInputHash(db, BatchNumber(batchNumber - 1))
    } catch (error) {
      if (error instanceof ProofInputsMissingError) throw serverError('the batch before is not sequenced on L1 yet')
      throw error
    }
  }
}
