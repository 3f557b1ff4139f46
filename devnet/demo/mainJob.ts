import { HDNodeWallet, Wallet } from 'ethers'
import type { Hex } from '#protocol/primitives.ts'
import type { GenesisFile } from '../genesis.ts'
import type { Network } from '../network.ts'
import { call, callMany } from '../rpc.ts'
import { type ReplayedBatch, replayFromL1 } from './replay.ts'
import { DemoError, signTransfers, useEthers, useViem } from './transactions.ts'

export type Scale = { transactions: number; senders: number }

type Receipt = { status: Hex; blockNumber: Hex; transactionIndex: Hex; transactionHash: Hex }
type RpcBatch = {
  number: Hex
  stateRoot: Hex
  transactions: unknown[]
  sendSequencesTxHash: Hex | null
  verifyBatchTxHash: Hex | null
}

export type BatchReport = {
  batchNumber: number
  transactions: number
  stateRoot: Hex
  sequencedIn: Hex | null
  verifiedIn: Hex | null
}
export type MainJobReport = {
  mined: number
  millisecondsToMine: number
  millisecondsToVerify: number
  verifiedBatch: number
  stateRoot: Hex
  batches: BatchReport[]
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * The main job, seen from outside: transactions of ethers and viem users and a burst of signed transfers are each
 * mined exactly once and in nonce order, every batch they are in becomes verified, and the state root is the same in
 * the L1 contract, in zkevm_getBatchByNumber and in a fresh tree that replays only what can be read back from L1.
 * @throws {DemoError} naming what does not hold
 */
export async function runMainJob(
  network: Network,
  genesis: GenesisFile,
  { transactions, senders }: Scale,
  progress: (line: string) => void = () => {},
): Promise<MainJobReport> {
  const [funder, ethersUser, viemUser] = network.accounts
  const recipient = Wallet.createRandom().address.toLowerCase() as Hex
  const firstBatch = Number(await call<Hex>(network.rpcUrl, 'zkevm_batchNumber'))
  const rest = await Promise.all([
    useEthers(network, ethersUser!.privateKey, recipient),
    useViem(network, viemUser!.privateKey as Hex, recipient),
  ])
  progress(`ethers and viem: ${rest.flat().length} transactions mined, two tokens deployed and used`)

  const gasPrice = BigInt(await call<Hex>(network.rpcUrl, 'eth_gasPrice'))
  const wallets = await fundSenders(network, funder!.privateKey, senders, gasPrice, transactions)
  progress(`${senders} fresh accounts funded`)
  const signed = await signTransfers(network.chainId, gasPrice, wallets, transactions)
  const start = performance.now()
  // In no order: the pool has to put each sender's run together.
  const shuffled = signed.map((value) => ({ value, key: Math.random() })).sort((a, b) => a.key - b.key)
  const requests = shuffled.map(({ value }) => ({ method: 'eth_sendRawTransaction', params: [value.raw] }))
  await callMany<Hex>(network.rpcUrl, requests)
  const receipts = await waitForReceipts(
    network.rpcUrl,
    signed.map(({ hash }) => hash),
    progress,
  )
  const millisecondsToMine = performance.now() - start
  assertOrder(signed, receipts)
  progress(`${transactions} transfers of ${senders} accounts mined, each once, in nonce order`)

  const lastBlock = Math.max(...[...receipts.values()].map(({ blockNumber }) => Number(blockNumber)))
  const lastBatch = Number(
    await call<Hex>(network.rpcUrl, 'zkevm_batchNumberByBlockNumber', [`0x${lastBlock.toString(16)}`]),
  )
  const verifiedBatch = await waitForVerified(network.rpcUrl, lastBatch, progress)
  const millisecondsToVerify = performance.now() - start

  const replayed = await replayFromL1(network, genesis, verifiedBatch)
  progress(`replayed ${replayed.length} batches from L1 calldata alone`)
  const batches = await compareRoots(network, replayed, firstBatch)
  const { stateRoot } = replayed.at(-1)!
  return { mined: transactions, millisecondsToMine, millisecondsToVerify, verifiedBatch, stateRoot, batches }
}

async function fundSenders(network: Network, funderKey: string, count: number, gasPrice: bigint, transactions: number) {
  const root = HDNodeWallet.createRandom()
  const wallets = Array.from({ length: count }, (_, index) => new Wallet(root.deriveChild(index).privateKey))
  const funder = new Wallet(funderKey)
  const nonce = Number(await call<Hex>(network.rpcUrl, 'eth_getTransactionCount', [funder.address, 'pending']))
  const value = (BigInt(Math.ceil(transactions / count)) + 1n) * (21_000n * gasPrice + 1n)
  const raws = await Promise.all(
    wallets.map(({ address }, index) =>
      funder.signTransaction({
        type: 0,
        chainId: network.chainId,
        nonce: nonce + index,
        gasPrice,
        gasLimit: 21_000,
        to: address,
        value,
      }),
    ),
  )
  const hashes = await callMany<Hex>(
    network.rpcUrl,
    raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [raw] })),
  )
  await waitForReceipts(network.rpcUrl, hashes)
  return wallets
}

async function waitForReceipts(
  url: string,
  hashes: readonly Hex[],
  progress?: (line: string) => void,
  timeoutMs = 180_000,
) {
  const receipts = new Map<Hex, Receipt>()
  const deadline = Date.now() + timeoutMs
  while (receipts.size < hashes.length) {
    const missing = hashes.filter((hash) => !receipts.has(hash))
    const found = await callMany<Receipt | null>(
      url,
      missing.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
    )
    for (const receipt of found) if (receipt !== null) receipts.set(receipt.transactionHash, receipt)
    if (receipts.size === hashes.length) break
    if (Date.now() > deadline)
      throw new DemoError('Transactions are not mined.', {
        facts: { missing: hashes.length - receipts.size, first: missing[0] ?? null },
      })
    progress?.(`mined ${receipts.size} of ${hashes.length}`)
    await sleep(200)
  }
  return receipts
}

function assertOrder(signed: readonly { hash: Hex; sender: Hex; nonce: number }[], receipts: Map<Hex, Receipt>): void {
  const places = new Set<string>()
  const lastOf = new Map<Hex, number>()
  for (const { hash, sender, nonce } of [...signed].sort((a, b) => a.nonce - b.nonce)) {
    const { status, blockNumber, transactionIndex } = receipts.get(hash)!
    if (status !== '0x1') throw new DemoError('A transfer failed.', { facts: { hash } })
    const place = Number(blockNumber) * 1e6 + Number(transactionIndex)
    if (places.has(String(place))) throw new DemoError('Two transactions have one place.', { facts: { hash } })
    places.add(String(place))
    if (place <= (lastOf.get(sender) ?? -1))
      throw new DemoError('Nonces are out of order.', { facts: { sender, nonce } })
    lastOf.set(sender, place)
  }
}

async function waitForVerified(url: string, batch: number, progress: (line: string) => void, timeoutMs = 240_000) {
  const deadline = Date.now() + timeoutMs
  let shown = ''
  for (;;) {
    const [trusted, virtual, verified] = await callMany<Hex>(url, [
      { method: 'zkevm_batchNumber', params: [] },
      { method: 'zkevm_virtualBatchNumber', params: [] },
      { method: 'zkevm_verifiedBatchNumber', params: [] },
    ])
    if (Number(verified) >= batch) return Number(verified)
    const line = `batches: trusted ${Number(trusted)}, virtual ${Number(virtual)}, verified ${Number(verified)} of ${batch}`
    if (line !== shown) progress(line)
    shown = line
    if (Date.now() > deadline)
      throw new DemoError('Batches are not verified in time.', { facts: { verified: Number(verified), batch } })
    await sleep(300)
  }
}

async function compareRoots(
  network: Network,
  replayed: readonly ReplayedBatch[],
  firstBatch: number,
): Promise<BatchReport[]> {
  const reports: BatchReport[] = []
  for (const { batchNumber, stateRoot, rootOnL1 } of replayed) {
    if (rootOnL1 !== undefined && rootOnL1 !== stateRoot)
      throw new DemoError('The L1 contract has another root.', {
        facts: { batchNumber, rootOnL1, replayed: stateRoot },
      })
    const batch = await call<RpcBatch>(network.rpcUrl, 'zkevm_getBatchByNumber', [
      `0x${batchNumber.toString(16)}`,
      false,
    ])
    if (batch.stateRoot !== stateRoot)
      throw new DemoError('zkevm_getBatchByNumber has another root.', {
        facts: { batchNumber, rpc: batch.stateRoot, replayed: stateRoot },
      })
    if (batchNumber < firstBatch) continue
    reports.push({
      batchNumber,
      transactions: batch.transactions.length,
      stateRoot,
      sequencedIn: batch.sendSequencesTxHash,
      verifiedIn: batch.verifyBatchTxHash,
    })
  }
  if (replayed.at(-1)?.rootOnL1 === undefined)
    throw new DemoError('The L1 contract has no root for the last verified batch.')
  return reports
}
