import { jsonRpcTarget } from '#common/jsonRpcTarget.ts'
import { remembered } from '#common/remembered.ts'
import type { Config } from '#config/schema.ts'
import type { Finding } from './health.ts'

const REMEMBERED_MS = 10_000
const REQUEST_TIMEOUT_MS = 1800

type Place = { l1: Pick<Config['l1'], 'rpcUrls'>; network: Pick<Config['network'], 'l1ChainId'> }

/** Whether an endpoint of the configuration answers for the right chain. URLs are not told: they may hold a key. */
export function l1Check({ l1, network }: Place): () => Promise<Finding> {
  return remembered(async () => {
    const answers = await Promise.all(l1.rpcUrls.map(readChainId))
    const good = answers.filter((chainId) => chainId === network.l1ChainId).length
    const endpoints = `${good} of ${answers.length}`
    if (good > 0) return { ok: true, endpoints }
    const other = answers.find((chainId) => chainId !== undefined)
    const error = other === undefined ? 'no endpoint answers' : `chain id is ${other}, not ${network.l1ChainId}`
    return { ok: false, error, endpoints }
  }, REMEMBERED_MS)
}

async function readChainId(url: string): Promise<number | undefined> {
  try {
    const request = { id: 1, method: 'eth_chainId', params: [] }
    const response = await jsonRpcTarget(url).post(request, AbortSignal.timeout(REQUEST_TIMEOUT_MS))
    const { result } = (await response.json()) as { result?: string }
    return result === undefined ? undefined : Number(result)
  } catch {
    return undefined
  }
}
