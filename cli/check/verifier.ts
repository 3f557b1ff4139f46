import type { LooseNetwork } from '#config/inspect.ts'
import { readAttestationVerifier } from '#etherman/attestationVerifier.ts'
import { WrongL1Error } from '#etherman/errors.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import type { Address } from '#protocol/primitives.ts'
import { type Finding, fault, fine } from './finding.ts'

type Place = { rpc: L1Rpc; verifier: Address; attester: Address | undefined }

/**
 * Whether the verifier on L1 checks what the file says, where that can be asked, and counts what our prover attests.
 * @param attester address of keys.attester, when this node needs it
 */
export async function checkVerifier(network: LooseNetwork, { rpc, verifier, attester }: Place): Promise<Finding[]> {
  const option = 'network.verifier'
  if (network.verifier !== 'attestation')
    return [fine(option, `${network.verifier}; what the verifier ${verifier} checks cannot be asked`)]
  try {
    return compareAttesters(network, attester, await readAttestationVerifier(rpc, verifier))
  } catch (error) {
    if (!(error instanceof WrongL1Error)) throw error
    return [
      fault(
        option,
        `is attestation, but the verifier ${verifier} counts no attestations`,
        'Set it to fflonk, or to mock where the verifier accepts any proof.',
      ),
    ]
  }
}

function compareAttesters(
  { attesters: ours = [], attestersRequired = 1 }: LooseNetwork,
  attester: Address | undefined,
  { attesters, threshold }: { attesters: readonly Address[]; threshold: number },
): Finding[] {
  const findings: Finding[] = []
  const strange = ours.filter((attester) => !attesters.includes(attester))
  if (strange.length > 0)
    findings.push(
      fault(
        'network.attesters',
        `the verifier does not count ${strange.join(', ')}, but ${attesters.join(', ')}`,
        'Name those that the verifier counts, or have its owner call setAttesters.',
      ),
    )
  if (attester !== undefined && !attesters.includes(attester))
    findings.push(
      fault(
        'keys.attester',
        `is the key of ${attester}, whose attestations the verifier does not count`,
        `Use the key of ${attesters.join(' or ')}, or have the verifier's owner call setAttesters.`,
      ),
    )
  if (threshold > attestersRequired)
    findings.push(
      fault(
        'network.attestersRequired',
        `is ${attestersRequired}, but the verifier asks for ${threshold} attestations of each proof`,
        `Set it to ${threshold}, and name as many network.attesters.`,
      ),
    )
  return findings.length > 0 ? findings : [fine('network.verifier', `counts attestations of ${attesters.join(', ')}`)]
}
