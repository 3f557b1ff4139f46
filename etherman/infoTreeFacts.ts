import { type Address, Hash } from '#protocol/primitives.ts'
import { readContract } from './client.ts'
import { globalExitRootInterface } from './interfaces.ts'
import type { L1Rpc } from './rpc.ts'

/** The L1 info tree as its contract holds it now. */
export async function readInfoTree(rpc: L1Rpc, contract: Address): Promise<{ leafCount: number; root: Hash }> {
  const read = async (method: string) => (await readContract(rpc, globalExitRootInterface, contract, method, []))[0]
  const [leafCount, root] = [Number(await read('depositCount')), Hash(await read('getRoot'))]
  return { leafCount, root }
}
