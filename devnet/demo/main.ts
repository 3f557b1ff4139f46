import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { readJson } from '../dataFolder.ts'
import type { GenesisFile } from '../genesis.ts'
import { readNetwork } from '../network.ts'
import { runMainJob } from './mainJob.ts'
import { DemoError } from './transactions.ts'

const options = new Command('npm run demo --')
  .description('Sends transactions to a running local network and follows them until their batches are verified on L1.')
  .option('--data-dir <dir>', 'data directory of the network', process.env['ZKNODE_DATA_DIR'] ?? '.zknode')
  .option('--transactions <count>', 'signed transfers sent at once', '500')
  .option('--senders <count>', 'accounts that send them', '20')
  .parse()
  .opts<{ dataDir: string; transactions: string; senders: string }>()

try {
  const folder = resolve(options.dataDir)
  const network = readNetwork(folder)
  const genesis = readJson<GenesisFile>(join(folder, 'genesis.json'))
  if (genesis === undefined) throw new DemoError('The data directory has no genesis.json.', { facts: { folder } })
  const scale = { transactions: Number(options.transactions), senders: Number(options.senders) }
  const report = await runMainJob(network, genesis, scale, (line) => process.stdout.write(`${line}\n`))
  const short = (hash: string | null) => hash && `${hash.slice(0, 10)}…${hash.slice(-6)}`
  console.table(
    report.batches.map(({ stateRoot, sequencedIn, verifiedIn, ...batch }) => ({
      ...batch,
      stateRoot: short(stateRoot),
      sequencedIn: short(sequencedIn),
      verifiedIn: short(verifiedIn),
    })),
  )
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1)
  process.stdout.write(
    `${report.mined} transfers mined in ${seconds(report.millisecondsToMine)} s, verified on L1 after ${seconds(report.millisecondsToVerify)} s.\n` +
      `Batch ${report.verifiedBatch}: L1 contract, zkevm_getBatchByNumber and replay agree on ${report.stateRoot}\n`,
  )
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
