import { id } from 'ethers'
import { readContract } from '#etherman/client.ts'
import { polInterface, rollupInterface, rollupManagerInterface } from '#etherman/interfaces.ts'
import type { RollupFacts } from '#etherman/rollupFacts.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { formatAmount } from '../amounts.ts'
import { type Finding, fault, fine, warning } from './finding.ts'

const TRUSTED_AGGREGATOR_ROLE = id('TRUSTED_AGGREGATOR_ROLE')

export type Senders = { sequencer?: Address; aggregator?: Address }
type Place = { rpc: L1Rpc; chainId: number; facts: RollupFacts; rollupManager: Address; lowBalanceWei: bigint }

/** Whether the accounts that send to L1 may do what they have to, and can pay for it. */
export async function checkAccounts({ sequencer, aggregator }: Senders, place: Place): Promise<Finding[]> {
  const found = await Promise.all([
    sequencer &&
      checkBoth('keys.sequencer', sequencer, checkBalance(sequencer, place), checkSequencer(sequencer, place)),
    aggregator &&
      checkBoth('keys.aggregator', aggregator, checkBalance(aggregator, place), checkAggregator(aggregator, place)),
  ])
  return found.flatMap((findings) => findings ?? [])
}

/** A finding before the option is known. */
type Trouble = (option: string) => Finding
type Checking = Promise<Trouble | undefined>

async function checkBoth(option: string, address: Address, ...checking: Checking[]): Promise<Finding[]> {
  const troubles = (await Promise.all(checking)).filter((trouble) => trouble !== undefined)
  if (troubles.length > 0) return troubles.map((trouble) => trouble(option))
  return [fine(option, `${address} may do what it has to, and can pay for it`)]
}

async function checkBalance(address: Address, { rpc, chainId, lowBalanceWei }: Place): Checking {
  const balanceWei = BigInt(await rpc.call<Hex>('eth_getBalance', [address, 'latest']))
  const remedy = `Send ether to ${address} on chain ${chainId}.`
  if (balanceWei === 0n) return (option) => fault(option, `its account ${address} has no ether on L1`, remedy)
  if (balanceWei >= lowBalanceWei) return undefined
  const found = `its account ${address} has ${formatAmount(balanceWei)} ether, less than l1.lowBalanceWei`
  return (option) => warning(option, found, remedy)
}

async function checkSequencer(address: Address, place: Place): Checking {
  const { rpc, facts } = place
  const trusted = Address(String((await readContract(rpc, rollupInterface, facts.rollup, 'trustedSequencer', []))[0]))
  if (trusted === address) return await checkPol(address, place)
  return (option) =>
    fault(
      option,
      `is the key of ${address}, but the rollup's trusted sequencer is ${trusted}`,
      `Use the key of ${trusted}, or have the rollup's admin call setTrustedSequencer.`,
    )
}

/** Each batch costs POL. The allowance the node gives by itself. */
async function checkPol(address: Address, { rpc, rollupManager, chainId }: Place): Checking {
  const [[feeWei], [pol]] = await Promise.all([
    readContract(rpc, rollupManagerInterface, rollupManager, 'getBatchFee', []),
    readContract(rpc, rollupManagerInterface, rollupManager, 'pol', []),
  ])
  const [balanceWei] = await readContract(rpc, polInterface, Address(String(pol)), 'balanceOf', [address])
  if (balanceWei >= feeWei) return undefined
  return (option) =>
    fault(
      option,
      `its account ${address} has ${formatAmount(balanceWei)} POL; a batch costs ${formatAmount(feeWei)}`,
      `Send POL to ${address} on chain ${chainId}.`,
    )
}

async function checkAggregator(address: Address, { rpc, rollupManager }: Place): Checking {
  const args = [TRUSTED_AGGREGATOR_ROLE, address]
  const [isTrusted] = await readContract(rpc, rollupManagerInterface, rollupManager, 'hasRole', args)
  if (isTrusted) return undefined
  return (option) =>
    fault(
      option,
      `its account ${address} does not have the role of trusted aggregator`,
      "Use the key of one that has it, or have the rollup manager's admin call grantRole.",
    )
}
