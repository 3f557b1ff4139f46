import { MaxUint256 } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import type { Address } from '#protocol/primitives.ts'
import { readContract } from './client.ts'
import type { L1Contracts } from './events.ts'
import { polInterface, rollupManagerInterface } from './interfaces.ts'
import type { L1Rpc } from './rpc.ts'
import type { SendControl, TransactionSender } from './transactionSender.ts'

type Options = { rpc: L1Rpc; sender: TransactionSender; owner: Address; contracts: L1Contracts; batches: number }

/**
 * The rollup contract pulls the fee of each batch from the sequencer: lets it, without limit, when it may not pull
 * enough for so many batches. A transaction of its own, once in the life of a rollup.
 */
export async function ensureAllowance(
  { rpc, sender, owner, contracts: { pol, rollup, rollupManager }, batches }: Options,
  control: SendControl,
): Promise<void> {
  const [[fee], [allowed]] = await Promise.all([
    readContract(rpc, rollupManagerInterface, rollupManager, 'getBatchFee', []),
    readContract(rpc, polInterface, pol, 'allowance', [owner, rollup]),
  ])
  if ((allowed as bigint) >= (fee as bigint) * BigInt(batches)) return
  const data = hexToBytes(polInterface.encodeFunctionData('approve', [rollup, MaxUint256]))
  const build = async () => ({ recipient: pol, data })
  await sender.send({ job: `approve-${rollup}`, purpose: 'approve', repeat: true, build }, control)
}
