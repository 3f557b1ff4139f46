import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { NodeError } from '#common/errors.ts'
import type { Hex } from '#protocol/primitives.ts'
import { foundryBinary } from './foundryBinary.ts'
import { call, callMany } from './rpc.ts'
import type { ProcessSpec } from './supervisor.ts'

/** Neither the L1 state nor its copy can be read. */
export class L1StateLostError extends NodeError {
  override readonly name = 'L1StateLostError'
}

export const L1_CHAIN_ID = 1337
const BLOCK_TIME_SECONDS = 1
/** `safe` is 8 blocks behind, `finalized` 16: more than a killed anvil forgets (what it did since its last dump). */
const SLOTS_IN_AN_EPOCH = 8
const DUMP_INTERVAL_SECONDS = 4
/** States kept in memory. Blocks, transactions and logs are all kept, also over restarts. */
const KEPT_STATES = 256

/** anvil as the local L1, with its state in `stateFile` (about 1.7 kB a block, written every 4 seconds). */
export function anvilSpec(port: number, stateFile: string): ProcessSpec {
  return {
    name: 'anvil',
    command: foundryBinary('anvil'),
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(L1_CHAIN_ID)],
      ...['--block-time', String(BLOCK_TIME_SECONDS), '--slots-in-an-epoch', String(SLOTS_IN_AN_EPOCH)],
      ...['--state', stateFile, '--state-interval', String(DUMP_INTERVAL_SECONDS)],
      ...['--prune-history', String(KEPT_STATES), '--quiet'],
    ],
    beforeStart: () => repairState(stateFile),
    ready: async ({ signal }) => {
      const url = `http://127.0.0.1:${port}`
      await waitForL1(url, { signal })
      await restoreClock(url)
    },
    stage: 0,
  }
}

/** Waits until the L1 answers. @throws {RpcCallError} the last failure, after `timeoutMs` */
export async function waitForL1(
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + (options.timeoutMs ?? 30_000)
  for (;;) {
    try {
      await call(url, 'eth_chainId')
      return
    } catch (error) {
      options.signal?.throwIfAborted()
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** More than it makes while it starts. */
const BLOCKS_READ = 16
const CLOCK_TOLERANCE_SECONDS = 3

/** anvil keeps its blocks over a restart, but not its clock: what died goes on from the newest of its last blocks. */
export async function restoreClock(url: string): Promise<void> {
  const head = Number(await call<Hex>(url, 'eth_blockNumber'))
  const numbers = Array.from({ length: Math.min(BLOCKS_READ, head + 1) }, (_, back) => head - back)
  const blocks = await callMany<{ timestamp: Hex }>(
    url,
    numbers.map((number) => ({ method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] })),
  )
  const newest = Math.max(...blocks.map(({ timestamp }) => Number(timestamp)))
  const ahead = newest - Math.floor(Date.now() / 1000) // an anvil that was just started has the time of the machine
  if (ahead > CLOCK_TOLERANCE_SECONDS) await call(url, 'evm_increaseTime', [ahead])
}

/**
 * anvil writes its state in place: killed while it writes, it leaves half a file. So each start keeps a copy of a whole
 * file, and takes the copy when the file is broken. @throws {L1StateLostError}
 */
export function repairState(stateFile: string): void {
  const copy = `${stateFile}.copy`
  if (isWholeJson(stateFile)) {
    backUpState(stateFile)
    return
  }
  if (!existsSync(stateFile) && !existsSync(copy)) return
  if (!isWholeJson(copy))
    throw new L1StateLostError('The state of the local L1 is broken: start a new chain with --reset.', {
      facts: { stateFile },
    })
  rmSync(stateFile, { force: true })
  copyFileSync(copy, stateFile)
}

/** Copies the file when it is whole. Call now and then: the copy is what a broken file falls back to. */
export function backUpState(stateFile: string): void {
  const [copy, draft] = [`${stateFile}.copy`, `${stateFile}.draft`]
  if (!existsSync(stateFile)) return
  copyFileSync(stateFile, draft)
  if (isWholeJson(draft)) renameSync(draft, copy)
  else rmSync(draft)
}

function isWholeJson(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'))
    return true
  } catch {
    return false
  }
}
