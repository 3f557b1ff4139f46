import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { ConfigInput } from '#config/schema.ts'
import { type AttemptRow, listAttempts } from '#db/attempts.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { signTransfers } from '#devnet/demo/transactions.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'
import { checkL1 } from '#test/storm/checks.ts'
import type { ProverProcess } from '#test/storm/proverProcess.ts'
import { remoteProver } from '#test/storm/provers.ts'

/** The first one is made by L1, each of the others by a transfer. */
const BATCHES = 4
/** All of them are verified at once. */
const NODE_OPTIONS = {
  sequencer: { batchMaxTransactions: 1 },
  aggregator: { maxBatches: BATCHES, verifyIntervalMs: 120_000 },
} satisfies Partial<ConfigInput>
const DEADLINE_MS = 120_000

const folder = mkdtempSync(join(tmpdir(), 'zknode-remote-'))
const optionsFile = join(folder, 'options.json')
writeFileSync(optionsFile, JSON.stringify(NODE_OPTIONS))

let net: TestNetwork
let db: Database
let prover: ProverProcess
afterEach(async () => {
  prover?.end()
  await db?.$client.end()
  await net?.remove()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A network whose only prover is one that dials in. */
async function start(args: readonly string[], proverOptions: readonly string[]): Promise<void> {
  net = await startTestNetwork({ args: [...args, '--config', optionsFile] })
  db = connectDatabase(net.network.databaseUrl, { maxConnections: 1 })
  prover = remoteProver(net, 'guest', () => proverOptions)
}

const quantity = async (method: string) => Number(await call<Hex>(net.network.rpcUrl, method))

/** Makes batches, and waits until their data is on L1: then all of them can be proven. */
async function makeBatches(): Promise<void> {
  const { rpcUrl, chainId, accounts } = net.network
  const wallet = new Wallet(accounts[3]!.privateKey)
  for (const { raw } of await signTransfers(chainId, 10n ** 9n, [wallet], BATCHES - 1))
    await call(rpcUrl, 'eth_sendRawTransaction', [raw])
  await until(async () => (await quantity('zkevm_virtualBatchNumber')) === BATCHES, DEADLINE_MS)
}

const verified = () => until(async () => (await quantity('zkevm_verifiedBatchNumber')) === BATCHES, DEADLINE_MS)
/** Oldest first. */
const readAttempts = async () => (await listAttempts(db)).reverse()
const isProved = ({ outcome }: AttemptRow) => outcome === 'proved'

test('kill -9 of the aggregator in mid-proof: the result is collected, finished proofs are not made again', async () => {
  await start(['--remote-provers', '--no-prover'], ['--work-ms', '2000'])
  await makeBatches()
  prover.start()
  let before: AttemptRow[] = []
  await until(async () => {
    before = await readAttempts()
    return before.some(isProved) && before.at(-1)!.endedAt === null && before.at(-1)!.requestId !== null
  }, DEADLINE_MS)
  await net.killAndWait('aggregator')
  await verified()

  const attempts = await readAttempts()
  const ofJob = (job: string) => attempts.filter(({ jobId }) => jobId === job)
  const { jobId, requestId } = before.at(-1)!
  expect(ofJob(jobId)).toMatchObject([
    { attempt: 1, outcome: 'lost', requestId },
    { attempt: 2, outcome: 'proved', requestId },
  ])
  for (const { jobId } of before.filter(isProved)) expect(ofJob(jobId)).toHaveLength(1)
  const proved = attempts.filter(isProved).map(({ jobId }) => jobId)
  expect(new Set(proved).size).toBe(proved.length)
  expect(await checkL1(net, BATCHES)).toEqual({
    ...{ verifications: 1, equalRootsOnL1: 1, equalReplayedRoots: BATCHES, faults: [] },
  })
})

test('a prover that answers fixed texts drives a network whose verifier accepts any proof', async () => {
  await start(['--verifier', 'mock'], ['--mode', 'fixed'])
  await makeBatches()
  prover.start()
  await verified()

  const proved = (await readAttempts()).filter(isProved)
  const ranges = (kind: AttemptRow['kind']) =>
    proved.filter((attempt) => attempt.kind === kind).map(({ fromBatch, toBatch }) => [fromBatch, toBatch])
  expect(ranges('batch').toSorted()).toEqual([1, 2, 3, 4].map((batch) => [batch, batch]))
  expect(ranges('aggregated')).toContainEqual([1, BATCHES])
  expect(ranges('final')).toEqual([[1, BATCHES]])
  expect(new Set(proved.map(({ proverId }) => proverId))).toEqual(new Set(['guest']))
  expect(await checkL1(net, BATCHES)).toEqual({
    ...{ verifications: 1, equalRootsOnL1: 1, equalReplayedRoots: BATCHES, faults: [] },
  })
})
