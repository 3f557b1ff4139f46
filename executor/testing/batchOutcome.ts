import { solidityPackedKeccak256 } from 'ethers'
import { bytesToHex } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Hash } from '#protocol/primitives.ts'
import type { BlockBuilder, L2BlockResult } from '../blockBuilder.ts'
import { type ExecuteBatchResult, executeBatch } from '../executeBatch.ts'
import type { RandomBatch, RandomBlock } from './randomBatches.ts'

/** What must not depend on how a batch was run. */
export type BatchOutcome = {
  stateRoot: Hash
  accInputHash: Hash
  localExitRoot: Hash
  isVoid: boolean
  /** Receipts and changes included; nodes by their hashes. */
  blocks: ComparableBlock[]
  /** Errors of the transactions that did not run, in order. */
  skipped: string[]
}

type ComparableBlock = Omit<L2BlockResult, 'newNodes' | 'stateDiff'> & {
  nodes: string[]
  accounts: L2BlockResult['stateDiff']['accounts']
  slots: string[]
  codes: Hash[]
}

/** Nodes and changes in an order of their own: it depends on what was read when. */
export function comparable({ newNodes, stateDiff, ...block }: L2BlockResult): ComparableBlock {
  const { accounts, storage, codes } = stateDiff
  const slots = storage.map(({ address, slot, value }) => `${address} ${slot} ${value}`)
  return {
    ...block,
    nodes: newNodes.map(({ hash }) => bytesToHex(hash)).sort(),
    accounts,
    slots: slots.sort(),
    codes: [...codes.keys()].sort(),
  }
}

/** Runs the transactions of a block that was opened; gives the errors of those that do not run. */
export async function runTransactions(builder: BlockBuilder, { transactions }: RandomBlock): Promise<string[]> {
  const errors: string[] = []
  for (const { transaction, sender, effectivePercentage } of transactions) {
    const result =
      sender === undefined
        ? { kind: 'invalid' as const, error: 'INTRINSIC_INVALID_SIGNATURE' }
        : await builder.execute(transaction, sender, effectivePercentage)
    if (result.kind !== 'included') errors.push(result.kind === 'invalid' ? result.error : result.kind)
  }
  return errors
}

/** As the contract computes it, by ethers. */
export function nextAccInputHash(oldAccInputHash: Hash, { input }: RandomBatch): Hash {
  const types = ['bytes32', 'bytes32', 'bytes32', 'uint64', 'address', 'bytes32']
  return solidityPackedKeccak256(types, [
    oldAccInputHash,
    keccakHex(input.batchL2Data),
    input.l1InfoRoot,
    input.timestampLimit,
    input.coinbase,
    input.forcedBlockHashL1,
  ]) as Hash
}

/** The batch from its bytes alone. */
export async function executeRandomBatch(
  { input }: RandomBatch,
  before: { stateRoot: Hash; accInputHash: Hash },
  dependencies: Parameters<typeof executeBatch>[1],
): Promise<{ outcome: BatchOutcome; result: ExecuteBatchResult }> {
  const { stateRoot: oldStateRoot, accInputHash: oldAccInputHash } = before
  const result = await executeBatch({ ...input, oldStateRoot, oldAccInputHash }, dependencies)
  const outcome = {
    stateRoot: result.newStateRoot,
    accInputHash: result.newAccInputHash,
    localExitRoot: result.newLocalExitRoot,
    isVoid: result.invalid !== undefined,
    blocks: result.blocks.map(comparable),
    skipped: result.skipped.map(({ error }) => error),
  }
  return { outcome, result }
}
