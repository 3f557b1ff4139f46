import { remembered } from '#common/remembered.ts'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { databaseCheck } from '#ops/databaseCheck.ts'
import type { Finding } from '#ops/health.ts'
import { l1Check } from '#ops/l1Check.ts'
import type { Ops } from '#ops/ops.ts'
import { haltedCheck } from '#ops/temporalView.ts'
import type { Head } from '../chain/head.ts'
import { createSequencerNode } from '../chain/sequencerNode.ts'
import type { EvmThreads } from '../evm/threads/evmThreads.ts'
import type { Gate } from './gate.ts'

type Limits = Pick<Config['ops'], 'maxBlocksBehind' | 'maxBlockAgeMs'>
/** Of L1, in blocks; of the newest L2 block, its age. */
type Lag = { blocksBehind: number; secondsBehind: number }

const SEQUENCER_REMEMBERED_MS = 5000

type Parts = { db: Database; evm: EvmThreads; gate: Gate; findHead: () => Head | undefined; config: Config }

/**
 * The API is ready when its database and its threads answer, it has the chain's head and it is not shutting down. What
 * else the node needs is told, but no reason to send requests elsewhere: every API of the node lacks the same.
 * `findHead` answers undefined until the head is followed.
 */
export function addApiChecks({ checks, temporal }: Ops, { db, evm, gate, findHead, config }: Parts): void {
  const isSequencers = config.role === 'sequencer'
  checks.add('database', databaseCheck(db))
  checks.add('executor', () => checkExecutor(evm))
  checks.add('head', () => checkHead(findHead()))
  checks.add('sync', () => checkSync(db, findHead(), isSequencers ? undefined : config.ops))
  checks.add('process', () => checkProcess(gate))
  checks.add('l1', l1Check(config), { required: false })
  checks.add('sequencer', isSequencers ? temporal.checkSequencer : trustedSequencerCheck(config), { required: false })
  checks.add('halted', haltedCheck(temporal), { required: false })
}

function checkExecutor({ readyThreads }: EvmThreads): Finding {
  return readyThreads > 0 ? { ok: true, readyThreads } : { ok: false, error: 'no thread takes calls' }
}

/** The node that transactions are forwarded to. */
function trustedSequencerCheck({ trustedSequencer }: Config): () => Promise<Finding> {
  const { rpcUrl, requestTimeoutMs } = trustedSequencer
  const { ask } = createSequencerNode(rpcUrl, requestTimeoutMs)
  return remembered(async () => {
    if (rpcUrl === undefined) return { ok: true, note: 'trustedSequencer.rpcUrl is not set: transactions are refused' }
    const isUp = (await ask('eth_chainId', [])) !== undefined
    return isUp ? { ok: true } : { ok: false, error: 'the trusted sequencer does not answer' }
  }, SEQUENCER_REMEMBERED_MS)
}

function checkProcess({ state }: Gate): Finding {
  if (state === 'open') return { ok: true }
  return { ok: false, error: state === 'starting' ? 'node is starting' : 'node is stopping' }
}

function checkHead(head: Head | undefined): Finding {
  if (head === undefined) return { ok: false, error: 'no block is known yet' }
  const { blockNumber, timestamp } = head.latest
  return { ok: true, blockNumber, ageSeconds: Math.max(0, Math.floor(Date.now() / 1000) - timestamp) }
}

/** A sequencer makes the blocks: whatever it has is the newest, so it has no limits. */
async function checkSync(db: Database, head: Head | undefined, limits: Limits | undefined): Promise<Finding> {
  const lag = await readLag(db, head).catch(() => undefined)
  if (limits === undefined) return { ok: true, ...lag }
  const { maxBlocksBehind: limit } = limits
  const error = lag === undefined ? 'L1 was not read yet' : findExcess(lag, limits)
  return { ok: error === undefined, ...lag, limit, ...(error && { error }) }
}

/** Undefined before L1 was read. */
async function readLag(db: Database, head: Head | undefined): Promise<Lag | undefined> {
  const l1 = await readL1Progress(db)
  if (l1 === undefined || head === undefined) return undefined
  return {
    blocksBehind: Math.max(0, l1.target - l1.position),
    secondsBehind: Math.max(0, Math.floor(Date.now() / 1000) - head.latest.timestamp),
  }
}

function findExcess({ blocksBehind, secondsBehind }: Lag, { maxBlocksBehind, maxBlockAgeMs }: Limits) {
  if (blocksBehind > maxBlocksBehind) return 'too many L1 blocks to read'
  return maxBlockAgeMs > 0 && secondsBehind * 1000 > maxBlockAgeMs ? 'the newest block is too old' : undefined
}
