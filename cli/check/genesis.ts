import { NodeError } from '#common/errors.ts'
import type { LooseNetwork } from '#config/inspect.ts'
import { genesisStateOf } from '#devnet/genesis.ts'
import type { RollupFacts } from '#etherman/rollupFacts.ts'
import type { Hash } from '#protocol/primitives.ts'
import { readGenesisFile } from '../run/genesisFile.ts'
import { type Finding, fault, fine } from './finding.ts'

type Network = Pick<LooseNetwork, 'genesisFile' | 'genesisRoot'>

const OTHER_FILE = 'Take the genesis file of this network.'

/** Builds the state of block 0 and compares its root with those that file, configuration and L1 state. */
export async function checkGenesis(
  { genesisFile, genesisRoot }: Network,
  facts: RollupFacts | undefined,
): Promise<Finding[]> {
  const onL1 = facts?.genesisRoot
  const isOther = genesisRoot !== undefined && onL1 !== undefined && genesisRoot !== onL1
  const findings = isOther
    ? [fault('network.genesisRoot', `is ${genesisRoot}, but L1 has ${onL1}`, `Set it to ${onL1}, or leave it out.`)]
    : []
  if (genesisFile === undefined) return findings
  const built = await buildRoot(genesisFile)
  if (typeof built !== 'string') return [...findings, built]
  // What L1 says counts; where it says nothing, what the operator does.
  const [expected, source] = onL1 === undefined ? [genesisRoot, 'network.genesisRoot is'] : [onL1, 'L1 has']
  if (expected !== undefined && built !== expected)
    findings.push(fault('network.genesisFile', `leads to the root ${built}, but ${source} ${expected}`, OTHER_FILE))
  else if (onL1 === undefined) findings.push(fine('network.genesisFile', `leads to the root ${built}`))
  else findings.push(fine('network.genesisFile', `leads to the root that L1 has, ${built}`))
  return findings
}

/** A finding when there is no state to build. */
async function buildRoot(path: string): Promise<Hash | Finding> {
  const option = 'network.genesisFile'
  try {
    const { root, accounts, extraAccounts = 0 } = readGenesisFile(path)
    const state = await genesisStateOf({ timestamp: 0, accounts, extraAccounts })
    if (root === undefined || root === state.root) return state.root
    return fault(
      option,
      `says that its root is ${root}, but leads to ${state.root}`,
      `Its accounts differ. ${OTHER_FILE}`,
    )
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    return fault(
      option,
      error.message,
      'Name the JSON file with the accounts of L2 block 0; see docs/configuration.md.',
    )
  }
}
