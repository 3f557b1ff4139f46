import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#common/logger.ts'
import type { Hex } from '#protocol/primitives.ts'
import { type Call, L1Endpoint } from './endpoint.ts'
import { L1RpcError, L1UnavailableError, WrongL1Error } from './errors.ts'

/**
 * JSON-RPC to L1. @throws {L1UnavailableError} for transport trouble and rate limits that do not end,
 * {L1RpcError} when the endpoint answered with an error
 */
export type L1Rpc = {
  call: Call
  /** Ends requests under way; later ones fail. */
  close(): void
}

export type L1RpcPool = L1Rpc & {
  /** All calls of `work` go to one endpoint, as long as it works: what belongs together is of one node. */
  onOneEndpoint<Result>(work: (call: Call) => Promise<Result>): Promise<Result>
}

/** One endpoint, or several in order of preference. */
export type L1Endpoints = { rpcUrl: string } | { rpcUrls: readonly string[] }

export type L1RpcOptions = L1Endpoints & {
  /** A request that takes longer counts as L1 being away. A rate limit is waited for as long, too. */
  requestTimeoutMs: number
  /** Endpoints of other chains are not used. */
  l1ChainId?: number
  /** Most requests at once to one endpoint. */
  maxParallel?: number
  /** How often the heads of several endpoints are compared. */
  compareMs?: number
  logger?: Logger
}

/** An endpoint this far behind another one is used only when there is no better. */
const LAG_BLOCKS = 5
const OTHER_CHAIN_REST_MS = 60_000
const FIRST_COMPARISON_MS = 3000
/** How long a rate limit is waited out where there is another endpoint. */
const PATIENCE_MS = 500
/** Words of JSON-RPC for trouble of the endpoint itself: another one may do better. */
const INTERNAL_ERROR = -32603

/**
 * Asks the first endpoint that works. One that fails, limits our rate, is behind the others or of another chain is left
 * alone for a while, longer each time; then it is asked again, so that everything returns to the first.
 */
export function createL1Rpc(options: L1RpcOptions): L1RpcPool {
  const { requestTimeoutMs, l1ChainId, maxParallel = 8, compareMs = 10_000, logger } = options
  const urls = 'rpcUrls' in options ? options.rpcUrls : [options.rpcUrl]
  const endpoints = urls.map((url) => new L1Endpoint({ url, requestTimeoutMs, maxParallel }))
  let inUse = endpoints[0]!
  let comparison: Promise<void> | undefined
  let comparedAt = 0

  const checks = new Map<L1Endpoint, Promise<void>>()

  /** Once for all who ask at the same time. @throws {WrongL1Error} */
  async function check(endpoint: L1Endpoint): Promise<void> {
    if (l1ChainId === undefined || endpoint.isChecked) return
    const underWay = checks.get(endpoint) ?? checkChain(endpoint, l1ChainId).finally(() => checks.delete(endpoint))
    checks.set(endpoint, underWay)
    await underWay
  }

  async function checkChain(endpoint: L1Endpoint, expected: number): Promise<void> {
    const chainId = Number(await patientCall(endpoint)<Hex>('eth_chainId', []))
    if (chainId !== expected) {
      endpoint.leaveAlone(OTHER_CHAIN_REST_MS)
      const facts = { endpoint: endpoint.name, expected, chainId }
      throw new WrongL1Error('The L1 endpoint is of another chain.', { facts })
    }
    endpoint.isChecked = true
  }

  async function compareHeads(): Promise<void> {
    const readHead = async (endpoint: L1Endpoint) => {
      await check(endpoint)
      return { endpoint, head: Number(await endpoint.call<Hex>('eth_blockNumber', [])) }
    }
    const awake = endpoints.filter(({ rest }) => rest.ms === 0)
    const heads = (await Promise.allSettled(awake.map(readHead))).flatMap((it) =>
      it.status === 'fulfilled' ? it.value : [],
    )
    const highest = Math.max(...heads.map(({ head }) => head))
    for (const { endpoint, head } of heads) {
      const isBehind = highest - head > LAG_BLOCKS
      if (isBehind !== endpoint.isBehind)
        logger?.warn(
          { endpoint: endpoint.name, head, highest },
          isBehind ? 'an L1 endpoint lags' : 'an L1 endpoint has caught up',
        )
      endpoint.isBehind = isBehind
    }
  }

  /** Beside what is asked; only the first one is waited for. */
  async function keepComparing(): Promise<void> {
    if (endpoints.length === 1 || Date.now() - comparedAt < compareMs) return
    const isFirst = comparedAt === 0
    comparedAt = Date.now()
    comparison = compareHeads()
    if (isFirst) await Promise.race([comparison, sleep(FIRST_COMPARISON_MS, undefined, { ref: false })])
  }

  /** Rested and current ones first, in order of preference; then the one that is back soonest. */
  function choose(failed: ReadonlySet<L1Endpoint>): L1Endpoint | undefined {
    const rank = ({ rest, isBehind }: L1Endpoint) => rest.ms * 2 + (isBehind ? 1 : 0)
    return endpoints.filter((endpoint) => !failed.has(endpoint)).sort((a, b) => rank(a) - rank(b))[0]
  }

  function use(endpoint: L1Endpoint): void {
    if (endpoint === inUse) return
    logger?.warn({ from: inUse.name, to: endpoint.name }, 'L1 is read from another endpoint')
    inUse = endpoint
  }

  /** A call that waits where the endpoint limits our rate; where another one could be asked, not for long. */
  function patientCall(endpoint: L1Endpoint): Call {
    return async (method, params) => {
      const deadline = Date.now() + requestTimeoutMs
      for (;;) {
        const { ms, limited } = endpoint.rest
        if (limited && ms > 0) await sleep(Math.min(ms, deadline - Date.now()))
        try {
          return await endpoint.call(method, params)
        } catch (error) {
          if (!(error instanceof L1UnavailableError) || error.limit === undefined) throw error
          const patienceMs = endpoints.length === 1 ? deadline - Date.now() : PATIENCE_MS
          if (endpoint.rest.ms > patienceMs || Date.now() > deadline) throw error
        }
      }
    }
  }

  async function onOneEndpoint<Result>(work: (call: Call) => Promise<Result>): Promise<Result> {
    const failed = new Set<L1Endpoint>()
    const failures: unknown[] = []
    await keepComparing()
    for (;;) {
      const endpoint = choose(failed)
      if (endpoint === undefined) throw worst(failures)
      try {
        await check(endpoint)
        const result = await work(patientCall(endpoint))
        use(endpoint)
        return result
      } catch (error) {
        if (!mayWorkElsewhere(error) || (endpoints.length === 1 && error instanceof L1RpcError)) throw error
        failures.push(error)
        failed.add(endpoint)
      }
    }
  }

  return {
    onOneEndpoint,
    call: (method, params) => onOneEndpoint((call) => call(method, params)),
    close() {
      for (const endpoint of endpoints) endpoint.close()
    },
  }
}

function mayWorkElsewhere(error: unknown): boolean {
  if (error instanceof L1UnavailableError || error instanceof WrongL1Error) return true
  return error instanceof L1RpcError && error.code === INTERNAL_ERROR && error.data === undefined
}

/** Of all endpoints: an answer, else trouble that passes, else that none is of the right chain. */
function worst(failures: readonly unknown[]): unknown {
  const answered = failures.find((error) => error instanceof L1RpcError)
  return answered ?? failures.findLast((error) => error instanceof L1UnavailableError) ?? failures[0]
}
