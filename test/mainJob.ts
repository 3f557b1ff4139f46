import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readJson, writeJson } from '#devnet/dataFolder.ts'
import { runMainJob } from '#devnet/demo/mainJob.ts'
import { signTransfers } from '#devnet/demo/transactions.ts'
import type { GenesisFile } from '#devnet/genesis.ts'
import type { Network } from '#devnet/network.ts'
import { call, callMany } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { until } from '#test/network.ts'
import { batchState, batchWorkflowId, retryProofNow } from '#workflows/messages.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A running node, however it was started. */
export type MainJobNode = {
  network: Network
  genesis: GenesisFile
  /** Every API process; asked in turn. */
  rpcUrls: readonly string[]
  /** Configuration that a prover of this node can be started with. */
  proverConfig: string
  provers: readonly string[]
  /** Those that are killed under load, in this order. */
  processes: readonly string[]
  pidOf: (name: string) => number
  /** Ends a process with SIGKILL and waits until it has been replaced. */
  killAndWait: (name: string) => Promise<void>
}

/** A copy beside the file, for a process that runs at the same time as its own. */
function withFreePorts(configFile: string): string {
  const copy = `${configFile}.copy.json`
  writeJson(copy, { ...readJson<object>(configFile), ops: { port: 0 } })
  return copy
}

/** What a node is for, and what it must survive, as tests. Returns helpers for further ones. */
export function testMainJob(node: () => MainJobNode) {
  let asked = 0
  /** As through a load balancer: of a process that is away the next one is asked. */
  const rpc = async <T>(method: string, params: readonly unknown[] = []): Promise<T> => {
    const { rpcUrls } = node()
    for (let tried = 1; ; tried++)
      try {
        return await call<T>(rpcUrls[asked++ % rpcUrls.length]!, method, params)
      } catch (error) {
        if (!(error instanceof TypeError) || tried >= rpcUrls.length) throw error
      }
  }
  const quantity = async (method: string) => Number(await rpc<Hex>(method))
  let client: Client
  beforeAll(async () => {
    const { temporalAddress, temporalNamespace } = node().network
    const connection = await Connection.connect({ address: temporalAddress })
    client = new Client({ connection, namespace: temporalNamespace })
  })
  afterAll(() => client?.connection.close())

  async function sendTransfer(account = 3): Promise<Hex> {
    const { address, privateKey } = node().network.accounts[account]!
    const nonce = Number(await rpc<Hex>('eth_getTransactionCount', [address, 'pending']))
    const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
    const chainId = node().network.chainId
    const fields = { type: 0, chainId, nonce, gasPrice, gasLimit: 21_000, to: address, value: 1n }
    return await rpc<Hex>('eth_sendRawTransaction', [await new Wallet(privateKey).signTransaction(fields)])
  }

  async function batchOf(hash: Hex): Promise<number> {
    let blockNumber: Hex | undefined
    await until(async () => {
      blockNumber = (await rpc<{ blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash]))?.blockNumber
      return blockNumber !== undefined
    }, 30_000)
    return Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [blockNumber]))
  }

  /** Kills a process and waits until blocks are made again. */
  async function killAndSeeBlocks(name: string): Promise<void> {
    let before = 0
    await until(async () => {
      before = await quantity('eth_blockNumber').catch(() => 0) // an API may be away still
      return before > 0
    }, 60_000)
    await node().killAndWait(name)
    await until(async () => (await quantity('eth_blockNumber').catch(() => 0)) > before + 1, 60_000)
  }

  const verified = (batch: number) => until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= batch, 120_000)
  const stateOf = (batch: number) => client.workflow.getHandle(batchWorkflowId(batch)).query(batchState)

  test('transactions of ethers, viem and a burst become verified batches; three places have the same root', async () => {
    const report = await runMainJob(node().network, node().genesis, { transactions: 120, senders: 8 })
    expect(report.mined).toBe(120)
    expect(report.batches.length).toBeGreaterThan(0)
    for (const { sequencedIn, verifiedIn } of report.batches) {
      expect(sequencedIn).toMatch(/^0x[0-9a-f]{64}$/)
      expect(verifiedIn).toMatch(/^0x[0-9a-f]{64}$/)
    }
  })

  test('a batch tells its life in search attributes and details', async () => {
    const batch = await quantity('zkevm_verifiedBatchNumber')
    await until(async () => (await stateOf(batch)).status === 'verified', 20_000)
    const { typedSearchAttributes, searchAttributes } = await client.workflow
      .getHandle(batchWorkflowId(batch))
      .describe()
    expect(typedSearchAttributes.getAll().length).toBeGreaterThan(3)
    expect(searchAttributes).toMatchObject({ ZkBatchNumber: [batch], ZkBatchStatus: ['verified'], ZkForkId: [9] })
  })

  test('what cannot be a transaction is refused at the border and leaves no trace', async () => {
    const { privateKey, address } = node().network.accounts[4]!
    const wallet = new Wallet(privateKey)
    const chainId = node().network.chainId
    const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
    const fields = { type: 0, chainId, nonce: 0, gasPrice, gasLimit: 21_000, to: address, value: 1n }
    const refused: [string, string | Promise<string>, RegExp][] = [
      ['garbage', '0xdeadbeef', /.+/],
      ['another chain', wallet.signTransaction({ ...fields, chainId: 5 }), /invalid chain id/],
      ['no funds', wallet.signTransaction({ ...fields, value: 10n ** 30n }), /insufficient funds/],
      ['too little gas', wallet.signTransaction({ ...fields, gasLimit: 20_999 }), /intrinsic gas too low/],
      [
        'too large',
        wallet.signTransaction({ ...fields, gasLimit: 9_000_000, data: `0x${'00'.repeat(100_001)}` }),
        /oversized data/,
      ],
      [
        'a typed transaction',
        wallet.signTransaction({ ...fields, type: 2, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0, gasPrice: null }),
        /transaction type not supported/,
      ],
    ]
    for (const [name, raw, message] of refused)
      await expect(rpc('eth_sendRawTransaction', [await raw]), name).rejects.toThrow(message)
    await verified(await batchOf(await sendTransfer(5)))
    const used = node().network.accounts[5]!
    const tooLow = await new Wallet(used.privateKey).signTransaction({ ...fields, nonce: 0 })
    await expect(rpc('eth_sendRawTransaction', [tooLow])).rejects.toThrow(/nonce too low: next nonce 1, tx nonce 0/)
    await expect(rpc('eth_noSuchMethod')).rejects.toThrow('the method eth_noSuchMethod does not exist/is not available')
    const malformed = await fetch(node().network.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc": "2.0", "id": 1, ',
    })
    expect(await malformed.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32700 } })
    expect(await rpc('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
    expect(await rpc('eth_getTransactionCount', [address, 'pending'])).toBe('0x0')
  })

  test('a prover that lies parks its batch, L1 hears nothing of it, and a retry with an honest one mends it', async () => {
    const honest = node().provers.map(node().pidOf)
    for (const pid of honest) process.kill(pid, 'SIGSTOP')
    const liar = spawn(process.execPath, ['--import', 'tsx', 'test/tamperingProver.ts', 'newStateRoot'], {
      cwd: root,
      env: { ...process.env, ZKNODE_CONFIG: withFreePorts(node().proverConfig) },
      stdio: 'ignore',
    })
    let batch: number
    try {
      const before = await quantity('zkevm_verifiedBatchNumber')
      batch = await batchOf(await sendTransfer())
      await until(async () => (await stateOf(batch)).status === 'proof-failed', 90_000)
      const view = await stateOf(batch)
      expect(view.lastError).toMatch(/newStateRoot/)
      expect(await quantity('zkevm_verifiedBatchNumber')).toBe(Math.max(before, batch - 1))
      const { searchAttributes } = await client.workflow.getHandle(batchWorkflowId(batch)).describe()
      expect(searchAttributes).toMatchObject({ ZkBatchStatus: ['proof-failed'], ZkAttention: ['proof-failed'] })
    } finally {
      liar.kill('SIGKILL')
      for (const pid of honest) process.kill(pid, 'SIGCONT')
    }
    const handle = client.workflow.getHandle(batchWorkflowId(batch))
    expect(await handle.executeUpdate<string, [object]>(retryProofNow.name, { args: [{ note: 'test' }] })).toMatch(
      /Round 2/,
    )
    await verified(batch)
    await until(async () => (await stateOf(batch)).status === 'verified', 20_000)
    await expect(handle.executeUpdate<string, [object]>(retryProofNow.name, { args: [{}] })).rejects.toThrow()
  })

  test('a prover killed in the middle of a proof loses nothing', async () => {
    const batch = await batchOf(await sendTransfer())
    await until(
      async () => !['collecting', 'sealed', 'sequencing', 'virtual'].includes((await stateOf(batch)).status),
      60_000,
    )
    await Promise.all(node().provers.map(node().killAndWait))
    await verified(batch)
  })

  test('kill -9 of each process under load: nothing acknowledged is lost or doubled, roots agree', async () => {
    const { chainId, accounts } = node().network
    const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
    const acknowledged = new Set<Hex>()
    const wallet = new Wallet(accounts[6]!.privateKey)
    const signed = await signTransfers(chainId, gasPrice, [wallet], 2000)
    let next = 0
    let done = false
    const load = (async () => {
      while (!done && next < signed.length) {
        const { raw, hash } = signed[next]!
        try {
          await rpc<Hex>('eth_sendRawTransaction', [raw])
          acknowledged.add(hash)
          next++
        } catch (error) {
          // The API was away before or after it stored the transaction: sending again is what a client does.
          if (/already known|nonce too low/.test(String(error))) {
            acknowledged.add(hash)
            next++
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    for (const name of node().processes) await killAndSeeBlocks(name)
    done = true
    await load
    expect(acknowledged.size).toBeGreaterThan(20)
    const hashes = [...acknowledged]
    let receipts: ({ blockNumber: Hex; transactionIndex: Hex; status: Hex } | null)[] = []
    await until(async () => {
      try {
        receipts = await callMany(
          node().rpcUrls[0]!,
          hashes.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
        )
        return receipts.every((receipt) => receipt !== null)
      } catch {
        return false
      }
    }, 60_000)
    const places = receipts.map((receipt) => `${receipt!.blockNumber}/${receipt!.transactionIndex}`)
    expect(new Set(places).size).toBe(hashes.length)
    const count = Number(await rpc<Hex>('eth_getTransactionCount', [wallet.address, 'latest']))
    expect(count).toBe(hashes.length)
    const report = await runMainJob(node().network, node().genesis, { transactions: 10, senders: 2 })
    expect(report.verifiedBatch).toBeGreaterThan(1)
  })

  return { rpc, quantity, sendTransfer, batchOf, verified }
}
