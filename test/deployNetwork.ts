import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deployL1 } from '#contracts/deploy.ts'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { ensureGenesisFile, genesisStateOf } from '#devnet/genesis.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'

/**
 * A process of its own that puts our contracts on an L1, as somebody else would, and leaves `zknode.json` and
 * `genesis.json` in a folder: all that a node learns of them. `--node` has other sections of the configuration.
 * `node --import tsx test/deployNetwork.ts --l1 URL --out FOLDER [--node JSON]`
 */
const { values } = parseArgs({ options: { l1: { type: 'string' }, out: { type: 'string' }, node: { type: 'string' } } })
const { l1: rpcUrl, out } = values as { l1: string; out: string }
const { deployer, sequencer, aggregator, attester } = l1Roles()
const [forkId, chainId] = [9, 1001]
const genesis = await ensureGenesisFile(join(out, 'made.json'), 1_700_000_000, ZERO_HASH)
const { root } = await genesisStateOf(genesis)
const { rollupManager, rollup, globalExitRoot, pol, rollupId, l1StartBlock } = await deployL1({
  ...{ rpcUrl, deployerKey: deployer.privateKey, forkId, l2ChainId: chainId, genesisRoot: root, networkName: 'file' },
  ...{ sequencerAddress: sequencer.address, aggregatorAddress: aggregator.address },
  ...{ attesters: [attester.address], threshold: 1, trustedSequencerUrl: 'http://127.0.0.1:8123' },
})
writeFileSync(join(out, 'genesis.json'), JSON.stringify({ root, accounts: genesis.accounts }))
const contracts = { rollupManager, rollup, globalExitRoot, pol }
const network = { name: 'file', chainId, forkId, rollupId, contracts, l1StartBlock, genesisFile: 'genesis.json' }
const sections = values.node === undefined ? {} : JSON.parse(values.node)
writeFileSync(join(out, 'zknode.json'), JSON.stringify({ network, l1: { rpcUrl }, ...sections }))
process.stdout.write(`${devAccounts().length} accounts funded on L2\n`)
process.exit()
