import { resolve } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { Wallet } from 'ethers'
import { BATCH_MOMENTS, readBatchMoments } from '#db/batchMoments.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { type Network, readNetwork } from '#devnet/network.ts'
import { call } from '#devnet/rpc.ts'
import { BatchNumber, type Hex } from '#protocol/primitives.ts'
import { median } from './measure.ts'
import type { BenchResult } from './run.ts'
import { readHistoryMoments } from './verified/batchHistory.ts'

const COUNT = 15
const POLL_MS = 20
const DEADLINE_MS = 120_000

/** In the order in which they come; each row is the time from the one before. */
const STEPS = [
  ['mined', 'mined on L2'],
  ['sealed', 'sealed'],
  ['checked', 'executed again, witness kept'],
  ['sequenceSigned', 'sequence simulated, signed'],
  ['sequenceMined', 'sequence mined'],
  ['virtual', 'read from L1: virtual'],
  ['proofMade', 'batch proof made'],
  ['proofAccepted', 'batch proof accepted: proven'],
  ['finalProofMade', 'final proof made'],
  ['verificationSigned', 'verification simulated, signed'],
  ['verificationMined', 'verification mined'],
  ['verified', 'read from L1: verified'],
] as const
type Step = (typeof STEPS)[number][0]
/** Milliseconds since 1970. */
type Life = Record<Step | 'sent', number> & { batch: number }

type Row = Record<string, number | string>

/**
 * From sending a transaction to its batch being verified, one at a time on a running network that is idle (ZKNODE_DATA_DIR
 * or .zknode): each batch is sequenced, proven and verified alone. All clocks are this machine's.
 */
export async function run(): Promise<BenchResult> {
  const network = readNetwork(resolve(process.env['ZKNODE_DATA_DIR'] ?? '.zknode'))
  const db = connectDatabase(network.databaseUrl, { maxConnections: 1, name: 'zknode-bench' })
  const connection = await Connection.connect({ address: network.temporalAddress })
  const client = new Client({ connection, namespace: network.temporalNamespace })
  const lives: Life[] = []
  try {
    const send = await createSender(network)
    for (let index = 0; index < COUNT; index++) {
      await waitFor(async () => (await readHeads(network)).verified >= (await readHeads(network)).closed)
      const { batch, ...life } = await send()
      await waitFor(async () => (await readHeads(network)).verified >= batch)
      lives.push(await readLife(db, client, { batch, ...life }))
      await sleep(1500 * Math.random()) // as a person, not in step with L1
    }
  } finally {
    await connection.close()
    await db.$client.end()
  }
  return {
    name: `verified: ${COUNT} batches of one transaction, one after the other; milliseconds`,
    rows: stepRows(lives),
    parts: [{ name: 'from sealed, by batch', rows: lives.map(rowOfLife) }],
  }
}

/** Sends one transfer and waits for its receipt. */
async function createSender({ rpcUrl, chainId, accounts }: Network) {
  const { address, privateKey } = accounts.at(-1)!
  const wallet = new Wallet(privateKey)
  const ask = <T>(method: string, params: readonly unknown[] = []) => call<T>(rpcUrl, method, params)
  const gasPrice = BigInt(await ask<Hex>('eth_gasPrice'))
  let nonce = Number(await ask<Hex>('eth_getTransactionCount', [address, 'pending']))
  return async () => {
    const fields = { type: 0, chainId, nonce: nonce++, gasPrice, gasLimit: 21_000, to: address, value: 1n }
    const raw = await wallet.signTransaction(fields)
    const sent = Date.now()
    const hash = await ask<Hex>('eth_sendRawTransaction', [raw])
    const receipt = await waitFor(() => ask<{ blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash]))
    const mined = Date.now()
    const batch = Number(await ask<Hex>('zkevm_batchNumberByBlockNumber', [receipt.blockNumber]))
    return { sent, mined, batch }
  }
}

async function readHeads({ rpcUrl }: Network): Promise<{ closed: number; verified: number }> {
  const ask = async (method: string) => Number(await call<Hex>(rpcUrl, method))
  // The batch after the last one closed is open, or will be.
  return { closed: (await ask('zkevm_batchNumber')) - 1, verified: await ask('zkevm_verifiedBatchNumber') }
}

async function readLife(db: Database, client: Client, known: Pick<Life, 'batch' | 'sent' | 'mined'>): Promise<Life> {
  const batchNumber = BatchNumber(known.batch)
  const read = async () => ({
    ...(await readBatchMoments(db, batchNumber)),
    ...(await readHistoryMoments(client, known.batch)),
  })
  const wanted = [...BATCH_MOMENTS, 'virtual', 'proofAccepted', 'verified'] as const
  // The API knows of it a moment before the workflow is told.
  return await waitFor(async () => {
    const moments = await read()
    return wanted.every((name) => moments[name] !== undefined) && { ...known, ...(moments as Required<typeof moments>) }
  })
}

function stepRows(lives: readonly Life[]): Row[] {
  const names = ['sent', ...STEPS.map(([name]) => name)] as const
  const steps = STEPS.map(([to, label], index) => spread(label, lives, names[index]!, to))
  const whole = [
    spread('sent to sealed', lives, 'sent', 'sealed'),
    spread('sealed to virtual', lives, 'sealed', 'virtual'),
    spread('virtual to proven', lives, 'virtual', 'proofAccepted'),
    spread('proven to verified', lives, 'proofAccepted', 'verified'),
    spread('SEALED TO VERIFIED', lives, 'sealed', 'verified'),
    spread('sent to verified', lives, 'sent', 'verified'),
  ]
  return [...steps, ...whole]
}

function spread(what: string, lives: readonly Life[], from: keyof Life, to: keyof Life): Row {
  const times = lives.map((life) => life[to] - life[from]).sort((a, b) => a - b)
  return {
    what,
    median: median(times),
    min: times[0]!,
    p90: times[Math.floor(times.length * 0.9)]!,
    max: times.at(-1)!,
  }
}

const rowOfLife = (life: Life): Row => ({
  batch: life.batch,
  'sent to sealed': life.sealed - life.sent,
  ...Object.fromEntries(STEPS.slice(2).map(([name]) => [name, life[name] - life.sealed])),
})

async function waitFor<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > deadline) throw new Error('The network did not get there in time.')
    await sleep(POLL_MS)
  }
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
