import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { loadNodeFile } from '#config/load.ts'
import type { NodeFile } from '#config/schema.ts'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { until } from '#test/network.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A node started with `zknode run`: it knows its configuration, the keys of its environment, and nothing else. */
export type NodeOfFile = {
  /** Of what is not a prover alone. */
  readonly config: NodeFile
  rpcUrl: string
  output: () => string
  log: (name: string) => string
  stop: () => Promise<number>
}

export type RunOptions = {
  configFile: string
  folder: string
  rpcPort: number
  env: NodeJS.ProcessEnv
  roles?: string
}

/** Takes up to a minute. */
export async function startNodeOfFile({ configFile, folder, rpcPort, env, roles }: RunOptions): Promise<NodeOfFile> {
  const args = ['cli/zknode.mjs', 'run', '--config', configFile, '--data-dir', folder]
  if (roles !== undefined) args.push('--roles', roles)
  const child = spawn(process.execPath, args, {
    ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text))
  await until(() => output.includes('Ready:') || child.exitCode !== null, 120_000)
  if (child.exitCode !== null) throw new Error(`The node did not start:\n${output}`)
  return {
    get config() {
      return loadNodeFile(configFile, { ...process.env, ...env }).config
    },
    rpcUrl: `http://127.0.0.1:${rpcPort}`,
    output: () => output,
    log: (name) => readFileSync(join(folder, 'logs', `${name}.log`), 'utf8'),
    stop: () => stopped(child),
  }
}

async function stopped(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  child.kill('SIGINT')
  return await ended
}

export type VerifiedRun = {
  batches: number
  toBatch: number
  transactions: number
  sequences: number
  verifications: number
  seconds: number
  /** State roots at the ends of verifications, the same here and in the rollup manager. */
  equalRoots: number
  accInputHash: Hex
}

type RpcBatch = { stateRoot: Hex; accInputHash: Hex; sendSequencesTxHash: Hex | null; verifyBatchTxHash: Hex | null }

/**
 * Sends transfers of one funded key, one for each batch when the file says that a batch holds one, until so many more
 * batches are verified, and compares what this node answers with what the contracts hold. @throws when they differ
 */
export async function verifyBatches(
  { config, rpcUrl }: Pick<NodeOfFile, 'config' | 'rpcUrl'>,
  { batches, privateKey, timeoutMs }: { batches: number; privateKey: Hex; timeoutMs: number },
): Promise<VerifiedRun> {
  const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(rpcUrl, method, params)
  const quantity = async (method: string) => Number(await rpc<Hex>(method))
  const { network } = config
  const startedAt = performance.now()
  const before = await quantity('zkevm_batchNumber')
  const wallet = new Wallet(privateKey)
  const firstNonce = Number(await rpc<Hex>('eth_getTransactionCount', [wallet.address, 'pending']))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  for (let index = 0; index < batches; index++) {
    const fields = { type: 0, chainId: network.chainId, gasPrice, gasLimit: 21_000, to: wallet.address, value: 1n }
    const raw = await wallet.signTransaction({ ...fields, nonce: firstNonce + index })
    await rpc('eth_sendRawTransaction', [raw])
  }
  // The open batch is counted as the newest: it is filled first when it is empty.
  await until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= before + batches - 1, timeoutMs)
  const toBatch = await quantity('zkevm_verifiedBatchNumber')
  const seconds = (performance.now() - startedAt) / 1000
  const provider = new JsonRpcProvider(config.l1.rpcUrls[0], undefined, { staticNetwork: true, cacheTimeout: -1 })
  try {
    const manager = new Contract(network.contracts.rollupManager, [...rollupManagerAbi], provider)
    const sequences = new Set<Hex>()
    const verifications = new Set<Hex>()
    let [equalRoots, accInputHash]: [number, Hex] = [0, '0x']
    for (let number = 1; number <= toBatch; number++) {
      const batch = await rpc<RpcBatch>('zkevm_getBatchByNumber', [`0x${number.toString(16)}`, false])
      sequences.add(batch.sendSequencesTxHash!)
      verifications.add(batch.verifyBatchTxHash!)
      const onL1: Hex = await manager.getFunction('getRollupBatchNumToStateRoot')(network.rollupId, number)
      accInputHash = batch.accInputHash
      if (BigInt(onL1) === 0n) continue
      if (onL1 !== batch.stateRoot) throw new Error(`Batch ${number}: ${batch.stateRoot} here, ${onL1} on L1`)
      equalRoots += 1
    }
    const sequenced = await manager.getFunction('getRollupSequencedBatches')(network.rollupId, toBatch)
    if (sequenced.accInputHash !== accInputHash)
      throw new Error(`accInputHash: ${accInputHash} here, ${sequenced.accInputHash} on L1`)
    return {
      ...{ batches: toBatch, toBatch, transactions: batches, sequences: sequences.size },
      ...{ verifications: verifications.size, seconds, equalRoots, accInputHash },
    }
  } finally {
    provider.destroy()
  }
}
