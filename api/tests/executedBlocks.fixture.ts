import { bytesToHex } from '#common/bytes.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import type { BlockOpening, Receipt } from '#executor/blockBuilder.ts'
import { MemoryChain, sign } from '#executor/testing/chain.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import type { Transaction } from '#protocol/transaction.ts'
import { addressOf } from '#test/blocks.ts'
import { startTestApi, TEST_CHAIN_ID, type TestApi } from './testServer.ts'

export const SENDER_KEY = 0x5eed
export const GAS_PRICE = 1_000_000_000n

/** Message and how it is signed and charged. */
export type PlannedTransaction = Partial<Pick<Transaction, 'to' | 'value' | 'data' | 'gasLimit'>> & {
  effectivePercentage?: number
}

/** An API over blocks that were executed as the sequencer does, with every namespace of traces. */
export async function startApiOfExecutedBlocks(accounts: {
  balances: Record<Address, bigint>
  contracts: Record<Address, Uint8Array>
}): Promise<{
  api: TestApi
  /** Stores a block of batch 1 with these transactions of the same sender. */
  addBlock: (planned: readonly PlannedTransaction[], opening?: BlockOpening) => Promise<readonly Receipt[]>
}> {
  const namespaces = ['eth', 'debug', 'trace', 'ots']
  const api = await startTestApi({ ...accounts, config: { rpc: { namespaces } } })
  const chain = await MemoryChain.create([
    ...Object.entries(accounts.balances).map(([address, balance]) => ({
      ...{ address: address as Address, balance, nonce: 0n, storage: {} },
    })),
    ...Object.entries(accounts.contracts).map(([address, code]) => ({
      ...{ address: address as Address, balance: 0n, nonce: 1n, code: bytesToHex(code), storage: {} },
    })),
  ])
  let nonce = 0n

  return {
    api,
    async addBlock(
      planned,
      opening = { kind: 'changeL2Block', deltaTimestamp: 1_700_000_000, timestampLimit: 2 ** 40 },
    ) {
      const builder = await chain.open({ chainId: TEST_CHAIN_ID, coinbase: addressOf(0xc0), opening })
      for (const { effectivePercentage = 255, ...fields } of planned) {
        const message = { ...fields, nonce: nonce++, gasPrice: GAS_PRICE, chainId: BigInt(TEST_CHAIN_ID) }
        const { transaction, sender } = sign(message, SENDER_KEY)
        const result = await builder.execute(transaction, sender, effectivePercentage)
        if (result.kind !== 'included') throw new Error(JSON.stringify(result))
      }
      const block = await chain.close(builder)
      const marker =
        opening.kind === 'forced' ? undefined : { deltaTimestamp: opening.deltaTimestamp, indexL1InfoTree: 0 }
      const parent = await getLastBlock(api.db)
      const stored = toStoredBlock(block, { batchNumber: BatchNumber(1), parent, marker })
      await api.db.transaction((tx) => storeBlock(tx, stored))
      return block.receipts
    },
  }
}
