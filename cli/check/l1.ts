import { L1UnavailableError } from '#etherman/errors.ts'
import { createL1Rpc, type L1RpcPool } from '#etherman/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { reasonOf } from '../nodeConfig.ts'
import { formatAge } from '../textTable.ts'
import { ANSWER_WITHIN_MS, type Finding, fault, fine, warning } from './finding.ts'

/** An endpoint: its option, and what it says of its chain. */
type Endpoint = { option: string; url: string; name: string; chainId: number; head: number; headAgeSeconds: number }
type Place = Pick<Endpoint, 'option' | 'url' | 'name'>

/** L1 as it answers: `endpoints` are of the same chain. */
export type L1View = { chainId: number; head: number; rpc: L1RpcPool }

const OLD_HEAD_SECONDS = 900

/** Asks every endpoint. @param isList whether the file names them as a list, l1.rpcUrls */
export async function checkL1(
  urls: readonly string[],
  { expected, isList }: { expected: number | undefined; isList: boolean },
): Promise<{ findings: Finding[]; view: L1View | undefined }> {
  const places = urls.map((url, index) => ({
    ...{ option: isList ? `l1.rpcUrls.${index}` : 'l1.rpcUrl', url, name: new URL(url).host },
  }))
  const answers = await Promise.all(places.map(askEndpoint))
  const answering = answers.filter((answer): answer is Endpoint => 'chainId' in answer)
  const findings = answers.filter((answer): answer is Finding => 'status' in answer)
  const first = answering[0]
  if (first === undefined) return { findings, view: undefined }
  const chainId = answering.some((endpoint) => endpoint.chainId === expected) ? expected! : first.chainId
  const ours = answering.filter((endpoint) => endpoint.chainId === chainId)
  findings.push(compareL1ChainId(expected, chainId, first.name))
  for (const endpoint of answering) findings.push(describeEndpoint(endpoint, chainId))
  const rpc = createL1Rpc({ rpcUrls: ours.map(({ url }) => url), requestTimeoutMs: ANSWER_WITHIN_MS })
  return { findings, view: { chainId, head: Math.max(...ours.map(({ head }) => head)), rpc } }
}

/** @param name of the endpoint that says so */
export function compareL1ChainId(expected: number | undefined, chainId: number, name: string): Finding {
  const option = 'network.l1ChainId'
  if (expected === undefined || expected === chainId) return fine(option, `${chainId}, as L1 says`)
  return fault(
    option,
    `is ${expected}, but L1 at ${name} has chain id ${chainId}`,
    `Set it to ${chainId}, or name endpoints of chain ${expected} in l1.rpcUrls.`,
  )
}

async function askEndpoint(place: Place): Promise<Endpoint | Finding> {
  const rpc = createL1Rpc({ rpcUrl: place.url, requestTimeoutMs: ANSWER_WITHIN_MS })
  try {
    const [chainId, block] = await Promise.all([
      rpc.call<Hex>('eth_chainId', []),
      rpc.call<{ number: Hex; timestamp: Hex }>('eth_getBlockByNumber', ['latest', false]),
    ])
    const headAgeSeconds = Math.floor(Date.now() / 1000) - Number(block.timestamp)
    return { ...place, chainId: Number(chainId), head: Number(block.number), headAgeSeconds }
  } catch (error) {
    const isAway = error instanceof L1UnavailableError
    const reason = isAway && error.cause === undefined ? error.message : reasonOf(error)
    return fault(
      place.option,
      `${place.name} ${isAway ? 'does not answer' : 'answers with an error'}: ${reason}`,
      'Start this L1 node, or name the URL of an endpoint that answers in JSON-RPC.',
    )
  } finally {
    rpc.close()
  }
}

function describeEndpoint({ option, name, chainId, head, headAgeSeconds }: Endpoint, expected: number): Finding {
  if (chainId !== expected)
    return fault(
      option,
      `${name} is of chain ${chainId}, the others are of chain ${expected}`,
      `Name an endpoint of chain ${expected}, or leave it out.`,
    )
  const facts = `${name} is at block ${head}, ${formatAge(headAgeSeconds)} old`
  return headAgeSeconds > OLD_HEAD_SECONDS
    ? warning(option, facts, 'See whether this L1 node is synchronized.')
    : fine(option, facts)
}
