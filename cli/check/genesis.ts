import { NodeError } from '#common/errors.ts'
import type { LooseNetwork } from '#config/inspect.ts'
import { genesisStateOf } from '#devnet/genesis.ts'
import type { RollupFacts } from '#etherman/rollupFacts.ts'
import type { Hash } from '#protocol/primitives.ts'
import { readGenesisFile } from '../run/genesisFile.ts'
import { type Finding, fault, fine } from './finding.ts'

const OPTION = 'network.genesisFile'
const OTHER_FILE = 'Take the genesis file of this network.'

/** Builds the state of block 0 and compares its root with those that file, configuration and L1 state. */
export async function checkGenesis(
  { genesisFile, genesisRoot }: Pick<LooseNetwork, 'genesisFile' | 'genesisRoot'>,
  facts: RollupFacts | undefined,
): Promise<Finding[]> {
  const told = { genesisRoot, onL1: facts?.genesisRoot }
  if (genesisFile === undefined) return compareRoots(told)
  try {
    const { root, accounts, extraAccounts = 0 } = readGenesisFile(genesisFile)
    const state = await genesisStateOf({ timestamp: 0, accounts, extraAccounts })
    return compareRoots({ ...told, inFile: root, built: state.root })
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    const remedy = 'Name the JSON file with the accounts of L2 block 0; see docs/configuration.md.'
    return [...compareRoots(told), fault(OPTION, error.message, remedy)]
  }
}

type Roots = {
  genesisRoot: Hash | undefined
  onL1: Hash | undefined
  /** As the genesis file states it. */
  inFile?: Hash | undefined
  /** Of the state that the genesis file describes. */
  built?: Hash
}

/** What L1 says counts; where it says nothing, what the operator does. */
export function compareRoots({ genesisRoot, onL1, inFile, built }: Roots): Finding[] {
  const findings: Finding[] = []
  if (genesisRoot !== undefined && onL1 !== undefined && genesisRoot !== onL1)
    findings.push(
      fault('network.genesisRoot', `is ${genesisRoot}, but L1 has ${onL1}`, `Set it to ${onL1}, or leave it out.`),
    )
  if (built === undefined) return findings
  const [expected, source] = onL1 === undefined ? [genesisRoot, 'network.genesisRoot is'] : [onL1, 'L1 has']
  if (inFile !== undefined && inFile !== built)
    findings.push(fault(OPTION, `says that its root is ${inFile}, but leads to ${built}`, OTHER_FILE))
  else if (expected !== undefined && expected !== built)
    findings.push(fault(OPTION, `leads to the root ${built}, but ${source} ${expected}`, OTHER_FILE))
  else findings.push(fine(OPTION, `leads to the root ${built}${onL1 === undefined ? '' : ', which L1 has'}`))
  return findings
}
