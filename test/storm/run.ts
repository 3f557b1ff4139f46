import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { ProcessMeter } from '#bench/network/processes.ts'
import type { ConfigInput } from '#config/schema.ts'
import { connectDatabase } from '#db/client.ts'
import { startTestNetwork, type TestNetwork } from '#test/network.ts'
import { checkL1 } from './checks.ts'
import { readStormOptions, type StormOptions } from './options.ts'
import { embeddedProver, misbehavingProver } from './provers.ts'
import { asideRows, attemptRows, failureRows, findDoneTwice, proverRows, readAttempts } from './report.ts'
import { rage } from './storm.ts'
import { StormWatch } from './watch.ts'

const LONGEST_IDLE_MS = 5000

/** Small batches that are many, and deadlines that let a prover that hangs be noticed within the run. */
const NODE_OPTIONS = {
  log: { level: 'debug' },
  sequencer: { batchMaxTransactions: 1, batchMaxMs: 1000 },
  sequenceSender: { waitMs: 500, maxBatches: 10 },
  aggregator: {
    ...{ verifyIntervalMs: 1000, maxBatches: 20 },
    grpc: {
      ...{ pollIntervalMs: 500, statusIntervalMs: 500, answerDeadlineMs: 3000, idleWaitMs: 3000, collectGraceMs: 5000 },
      ...{ asideMs: 500, asideMaxMs: 5000 },
      proofDeadlineMs: { batch: 15_000, aggregated: 15_000, final: 15_000 },
    },
  },
} satisfies Partial<ConfigInput>

const startedAt = performance.now()
const say = (line: string) => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)
  process.stdout.write(`${seconds} s  ${line}\n`)
}
const options = readStormOptions(process.argv.slice(2))
if (typeof options === 'string') {
  process.stdout.write(options)
  process.exit(0)
}
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'zknode-storm-'))
const ownOptions = join(mkdtempSync(join(tmpdir(), 'zknode-storm-')), 'options.json')
writeFileSync(ownOptions, JSON.stringify(NODE_OPTIONS))
say(`storm of seed ${options.seed} in ${folder}`)
const args = ['--remote-provers', '--no-prover', '--config', ownOptions]
const net = await startTestNetwork({ folder, args })
let holds = false
process.once('SIGINT', () => void net.interrupt().then(() => process.exit(1)))
try {
  holds = await storm(net, options)
} finally {
  await net.interrupt()
  rmSync(join(ownOptions, '..'), { recursive: true })
  if (holds && options.folder === undefined) rmSync(folder, { recursive: true })
  else say(`logs and data stay in ${folder}`)
}
process.exit(holds ? 0 : 1)

async function storm(net: TestNetwork, options: StormOptions): Promise<boolean> {
  const { seed, batches, embedded, remote } = options
  const { databaseUrl, temporalAddress, temporalNamespace: namespace } = net.network
  const db = connectDatabase(databaseUrl, { maxConnections: 3, name: 'zknode-storm' })
  const connection = await Connection.connect({ address: temporalAddress })
  const client = new Client({ connection, namespace })
  const meter = new ProcessMeter({ network: net.pid, storm: process.pid })
  const provers = [
    ...Array.from({ length: embedded }, (_, index) => embeddedProver(net, index + 1)),
    ...Array.from({ length: remote }, (_, index) => misbehavingProver(net, index + 1, 100 * seed + index)),
  ]
  const watch = new StormWatch({ db, connection, namespace, provers })
  try {
    for (const prover of provers) prover.start()
    watch.start()
    const begin = performance.now()
    const weather = await rage({ net, client, provers, say }, options)
    const seconds = (performance.now() - begin) / 1000
    await watch.stop()
    for (const prover of provers) prover.end()
    const cpu = meter.read()
    const attempts = await readAttempts(db)
    const onL1 = await checkL1(net, weather.toBatch)
    const idle = [...watch.longestIdle.values()].sort((a, b) => b.milliseconds - a.milliseconds)[0]
    const doneTwice = findDoneTwice(attempts)
    console.table(proverRows(provers, attempts, watch))
    console.table(attemptRows(attempts))
    console.table(failureRows(attempts))
    console.table(asideRows(watch))
    const { verifications, equalRootsOnL1, equalReplayedRoots, faults } = onL1
    const holds: [string, boolean, string][] = [
      [
        `all of ${batches} batches are verified`,
        weather.toBatch >= batches && weather.verified >= weather.toBatch,
        `up to ${weather.verified} of ${weather.toBatch}`,
      ],
      [
        'each L1 root is right, each batch verified once',
        faults.length === 0,
        `${verifications} verifications, ${equalRootsOnL1} roots on L1 equal, ${equalReplayedRoots} roots replayed from L1 equal`,
      ],
      ['nothing waits for an operator', weather.parked.length === 0, `${weather.retried} retried`],
      [
        `no prover idle for more than ${LONGEST_IDLE_MS / 1000} s while work waits`,
        (idle?.milliseconds ?? 0) <= LONGEST_IDLE_MS,
        `at most ${((idle?.milliseconds ?? 0) / 1000).toFixed(1)} s${idle ? ` from ${idle.since.toISOString()}` : ''}; at most ${watch.mostWaiting} jobs waited`,
      ],
      ['no finished proof is made again', doneTwice.length === 0, `${doneTwice.length} were`],
    ]
    say(
      `seed ${seed}: ${seconds.toFixed(0)} s, CPU ${cpu['network']!.cpuSeconds.toFixed(0)} s of the network, ` +
        `${cpu['storm']!.cpuSeconds.toFixed(0)} s of provers and this; aggregator killed ${weather.aggregatorKills} times`,
    )
    for (const [what, isHeld, facts] of holds) say(`${isHeld ? 'PASS' : 'FAIL'}  ${what}: ${facts}`)
    for (const fault of [...faults, ...doneTwice.map((jobId) => `proved twice: ${jobId}`)]) say(`FAULT ${fault}`)
    for (const { workflowId, attention, reason } of weather.parked)
      say(`PARKED ${workflowId} (${attention}): ${reason}`)
    return holds.every(([, isHeld]) => isHeld)
  } finally {
    await watch.stop()
    for (const prover of provers) prover.end()
    meter.stop()
    await connection.close()
    await db.$client.end()
  }
}
