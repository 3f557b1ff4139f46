import { Interface } from 'ethers'
import { attestationVerifierAbi } from '#contracts/abi.ts'
import { Address } from '#protocol/primitives.ts'
import { readContract } from './client.ts'
import { L1RpcError, WrongL1Error } from './errors.ts'
import type { L1Rpc } from './rpc.ts'

const verifierInterface = new Interface(attestationVerifierAbi)

/** Whose signatures the contract counts, and how many of them it asks for. @throws {WrongL1Error} when it is another contract */
export async function readAttestationVerifier(
  rpc: L1Rpc,
  verifier: Address,
): Promise<{ attesters: readonly Address[]; threshold: number }> {
  const read = (method: string) => readContract(rpc, verifierInterface, verifier, method, [])
  try {
    const [[attesters], [threshold]] = await Promise.all([read('attesters'), read('threshold')])
    return { attesters: Array.from(attesters as string[], Address), threshold: Number(threshold) }
  } catch (cause) {
    if (!(cause instanceof L1RpcError && /revert/i.test(cause.answer))) throw cause
    throw new WrongL1Error(
      'The verifier contract on L1 does not count attestations; set network.verifier to what it checks.',
      {
        cause,
        facts: { verifier },
      },
    )
  }
}
