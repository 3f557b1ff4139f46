import type { Understood } from '#config/inspect.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { reasonOf } from '../nodeConfig.ts'
import { ANSWER_WITHIN_MS, type Finding, fault, fine } from './finding.ts'

const OPTION = 'trustedSequencer.rpcUrl'

/** Whether a node that follows finds the sequencer's, where it is named, and whether that is of the same chain. */
export async function checkTrustedSequencer({ role, trustedSequencer, network }: Understood): Promise<Finding[]> {
  const rpcUrl = trustedSequencer?.rpcUrl
  if (role === undefined || role === 'sequencer') return []
  if (rpcUrl === undefined)
    return role === 'trusting'
      ? [fault(OPTION, 'is not set, but a trusting node needs it', "Name the URL of the sequencer's JSON-RPC.")]
      : []
  const { host } = new URL(rpcUrl)
  const rpc = createL1Rpc({ rpcUrl, requestTimeoutMs: ANSWER_WITHIN_MS })
  try {
    const chainId = Number(await rpc.call<Hex>('eth_chainId', []))
    if (network.chainId === undefined || chainId === network.chainId)
      return [fine(OPTION, `${host} is of chain ${chainId}`)]
    const remedy = "Name the JSON-RPC of this rollup's sequencer."
    return [fault(OPTION, `${host} is of chain ${chainId}, not of ${network.chainId}`, remedy)]
  } catch (error) {
    return [fault(OPTION, `${host} does not answer: ${reasonOf(error)}`, 'Start that node, or correct the URL.')]
  } finally {
    rpc.close()
  }
}
