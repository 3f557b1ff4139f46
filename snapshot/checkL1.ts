import type { OnL1, SnapshotFacts } from '#db/snapshotFacts.ts'
import type { Etherman } from '#etherman/types.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { SnapshotL1Error } from './errors.ts'

type L1 = Pick<Etherman, 'checkNetwork' | 'getBlock' | 'readSequencedBatches' | 'readStateRoot' | 'isRolledBack'>
type Facts = Pick<SnapshotFacts, 'network' | 'l1Blocks' | 'sequences' | 'verifications'>

/** What L1 confirmed. `reorgedFrom`: L1 has other blocks from there on; the synchronizer goes back by itself. */
export type L1Check = { l1Block: number; sequences: number; verifications: number; reorgedFrom?: number }

/**
 * Compares with L1 what a snapshot says of its end: blocks by their hashes, ends of sequences by accInputHash, verified
 * batches by state root. @throws {SnapshotL1Error} naming what differs @throws {WrongL1Error}
 */
export async function checkAgainstL1(l1: L1, { network, l1Blocks, sequences, verifications }: Facts): Promise<L1Check> {
  await l1.checkNetwork(network.l1ChainId)
  const common = await findCommonBlock(l1, l1Blocks)
  const isCommon = ({ l1BlockNumber }: OnL1) => l1BlockNumber <= common
  const checked = { l1Block: common, sequences: 0, verifications: 0 }
  for (const { toBatch, accInputHash, l1BlockNumber } of sequences.filter(isCommon)) {
    const { accInputHash: onL1 } = await l1.readSequencedBatches(toBatch)
    if (onL1 === accInputHash) checked.sequences++
    else if (onL1 !== ZERO_HASH || !(await l1.isRolledBack(toBatch, l1BlockNumber)))
      throw new SnapshotL1Error('L1 has another accInputHash.', { batch: toBatch, snapshot: accInputHash, l1: onL1 })
  }
  for (const { toBatch, stateRoot } of verifications.filter(isCommon)) {
    const onL1 = await l1.readStateRoot(toBatch)
    if (onL1 !== stateRoot)
      throw new SnapshotL1Error('L1 has another state root.', { batch: toBatch, snapshot: stateRoot, l1: onL1 })
    checked.verifications++
  }
  return common === l1Blocks[0]?.blockNumber ? checked : { ...checked, reorgedFrom: common + 1 }
}

/** The newest block that both have. */
async function findCommonBlock(l1: L1, blocks: SnapshotFacts['l1Blocks']): Promise<number> {
  const [newest] = blocks
  if (newest === undefined) return 0 // L1 was not read yet
  const head = (await l1.getBlock('latest'))?.number ?? 0
  if (head < newest.blockNumber)
    throw new SnapshotL1Error(
      'L1 is behind the snapshot: is the endpoint the right one, and does it follow its chain?',
      {
        head,
        snapshot: newest.blockNumber,
      },
    )
  for (const { blockNumber, hash } of blocks) if ((await l1.getBlock(blockNumber))?.hash === hash) return blockNumber
  throw new SnapshotL1Error('L1 has none of the newest blocks that the snapshot has read: it is of another chain.', {
    from: blocks.at(-1)!.blockNumber,
    to: newest.blockNumber,
  })
}
