import type { Understood } from '#config/inspect.ts'
import type { Address } from '#protocol/primitives.ts'
import type { Role } from '../run/roles.ts'
import { checkAccounts } from './accounts.ts'
import { checkContracts } from './contracts.ts'
import { type Finding, fault, guard, skipped } from './finding.ts'
import { checkGenesis } from './genesis.ts'
import { checkKeys } from './keys.ts'
import { checkL1, type L1View } from './l1.ts'
import { checkFirstEvents, checkStart } from './start.ts'
import { needsOf } from './subject.ts'
import { checkVerifier } from './verifier.ts'

/** To the others it is the same what the verifier checks. */
const PROVING: readonly Role[] = ['workflows', 'prover', 'aggregator']

type Options = { roles: readonly Role[]; isList: boolean }

/**
 * Keys, L1, the contracts there, the genesis that they hold, and the accounts that send to them.
 * @param isList whether the file names endpoints as a list
 */
export async function checkChain(understood: Understood, { roles, isList }: Options): Promise<Finding[]> {
  const { network } = understood
  const { findings: ofKeys, addresses } = await checkKeys(keysOf(understood, roles), understood)
  if (!needsOf(roles).parts.has('l1')) return ofKeys
  const { findings: ofL1, view } = await askL1(understood, isList)
  if (view === undefined) {
    const unasked = skipped('network.contracts', 'not compared, since no L1 endpoint answers')
    return [...ofKeys, ...ofL1, unasked, ...(await checkGenesis(network, undefined))]
  }
  try {
    const onL1 = await guard('network.contracts', checkOnL1(understood, view, { roles, addresses }))
    return [...ofKeys, ...ofL1, ...checkStart(network.l1StartBlock, view.head), ...onL1]
  } finally {
    view.rpc.close()
  }
}

/** An l1 section that is not understood is told of already. */
const askL1 = async ({ l1, network }: Understood, isList: boolean): ReturnType<typeof checkL1> =>
  l1 === undefined
    ? { findings: [], view: undefined }
    : await checkL1(l1.rpcUrls, { expected: network.l1ChainId, isList })

/** Keys that the roles sign with. */
function keysOf({ network, aggregator }: Understood, roles: readonly Role[]) {
  const names = needsOf(roles).keys.filter((name) => name !== 'attester' || network.verifier === 'attestation')
  const isAddressOfKey = roles.includes('aggregator') && aggregator?.address === undefined
  return isAddressOfKey && !names.includes('aggregator') ? [...names, 'aggregator' as const] : names
}

async function checkOnL1(
  { network, l1, aggregator }: Understood,
  { rpc, chainId }: L1View,
  { roles, addresses }: { roles: readonly Role[] } & Pick<Awaited<ReturnType<typeof checkKeys>>, 'addresses'>,
): Promise<Finding[]> {
  const { findings, facts } = await checkContracts(rpc, network)
  const { rollupManager } = network.contracts ?? {}
  const { attester, ...senders } = addresses
  const proves = roles.some((role) => PROVING.includes(role))
  const [ofStart, ofVerifier, ofAccounts, ofGenesis] = await Promise.all([
    facts === undefined ? [] : checkFirstEvents(rpc, network),
    facts === undefined || !proves
      ? []
      : guard('network.verifier', checkVerifier(network, { rpc, verifier: facts.verifier, attester })),
    facts === undefined || rollupManager === undefined
      ? []
      : guard('keys', checkAccounts(senders, { rpc, chainId, facts, rollupManager, lowBalanceWei: l1!.lowBalanceWei })),
    checkGenesis(network, facts),
  ])
  return [
    ...findings,
    ...ofStart,
    ...checkAggregatorAddress(aggregator, senders.aggregator),
    ...ofVerifier,
    ...ofAccounts,
    ...ofGenesis,
  ]
}

/** Final proofs are made for one sender. */
function checkAggregatorAddress(aggregator: Understood['aggregator'], sender: Address | undefined): Finding[] {
  const address = aggregator?.address
  if (address === undefined || sender === undefined || address === sender) return []
  const found = `is ${address}, but keys.aggregator is the key of ${sender}, which sends the verifications`
  return [fault('aggregator.address', found, 'Leave it out where keys.aggregator is set.')]
}
