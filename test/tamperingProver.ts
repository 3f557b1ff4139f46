import type { ProverConfig } from '#config/schema.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { signClaims } from '#prover/attestations.ts'
import { pickClaims } from '#prover/claims.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import type { Attester } from '#prover/signature.ts'
import type { AttestationDomain, Prover } from '#prover/types.ts'
import { attestationDomain } from '#workers/proofSettings.ts'
import { openAttestationProver, startProverRole } from '#workers/proverRole.ts'
import { runProverRole } from '#workers/run.ts'

/** How a dishonest prover lies. `signature`: it breaks the signature; otherwise it signs a false claim with its key. */
export const TAMPERINGS = ['newStateRoot', 'newLocalExitRoot', 'newAccInputHash', 'chainId', 'signature'] as const
export type Tampering = (typeof TAMPERINGS)[number]

/** Wraps an honest prover: its batch and aggregated proofs come out altered. */
export function createTamperingProver(
  honest: Prover,
  tampering: Tampering,
  { attester, domain }: { attester: Attester; domain: AttestationDomain },
): Prover {
  const tamper = (text: string): string => {
    const proof = decodeAttestationProof(text)
    if (tampering === 'signature') {
      const broken = { attester: attester.address, signature: `0x${'11'.repeat(64)}` } as const
      return encodeProof({ ...proof, attestations: [broken] })
    }
    const claims = { ...pickClaims(proof), [tampering]: tampering === 'chainId' ? proof.chainId + 1 : ZERO_HASH }
    return encodeProof(signClaims(domain, claims, attester))
  }
  return {
    kind: honest.kind,
    proveBatch: async (job, control) => tamper(await honest.proveBatch(job, control)),
    aggregate: async (job, control) => tamper(await honest.aggregate(job, control)),
    finalize: (job, control) => honest.finalize(job, control),
  }
}

/** `tsx test/tamperingProver.ts <tampering>`: workers/prover.ts with a prover that lies, for end-to-end tests. */
if (process.argv[1]?.endsWith('tamperingProver.ts')) {
  const tampering = process.argv[2] as Tampering
  if (!TAMPERINGS.includes(tampering)) throw new Error(`Usage: tamperingProver.ts ${TAMPERINGS.join('|')}`)
  const open = (config: ProverConfig, attester: Attester) => {
    const { prover, close } = openAttestationProver(config, attester)
    return { prover: createTamperingProver(prover, tampering, { attester, domain: attestationDomain(config) }), close }
  }
  await runProverRole('prover', (config, logger, ops, telemetry) =>
    startProverRole(config, logger, ops, telemetry, open),
  )
}
