import type { BlockToStore } from '#db/blocks.ts'
import { Address, BatchNumber, BlockNumber, Hash, ZERO_HASH } from '#protocol/primitives.ts'

/** A 32-byte hash that ends with the number. */
export const hashOf = (number: number | bigint) => Hash(`0x${number.toString(16).padStart(64, '0')}`)
export const addressOf = (number: number | bigint) => Address(`0x${number.toString(16).padStart(40, '0')}`)

type Content = Partial<Omit<BlockToStore, 'block'>> & { block?: Partial<BlockToStore['block']> }

/** A block that has what the schema asks for and nothing else; override what the test is about. */
export function blockOf(number: number, batch: number, { block, ...content }: Content = {}): BlockToStore {
  return {
    block: {
      blockNumber: BlockNumber(number),
      batchNumber: BatchNumber(batch),
      hash: hashOf(1000 + number),
      parentHash: number === 0 ? ZERO_HASH : hashOf(999 + number),
      stateRoot: hashOf(2000 + number),
      blockInfoRoot: hashOf(3000 + number),
      coinbase: addressOf(0xc0),
      timestamp: 1_700_000_000 + number,
      deltaTimestamp: 1,
      l1InfoIndex: 0,
      globalExitRoot: ZERO_HASH,
      l1BlockHash: ZERO_HASH,
      gasLimit: 2n ** 50n,
      gasUsed: 0,
      transactionsRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      sizeBytes: 500,
      batchL2Data: new Uint8Array(9),
      ...block,
    },
    transactions: [],
    logs: [],
    changes: { accounts: new Map(), storage: [], codes: new Map() },
    newNodes: [],
    ...content,
  }
}
