import { hexToBytes } from '#common/bytes.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { decodeWitness } from '#merkletree/witness.ts'
import { Address, BatchNumber } from '#protocol/primitives.ts'
import { assertSigned } from '#prover/attestation.ts'
import { signClaims } from '#prover/attestations.ts'
import { joinClaims, pickClaims } from '#prover/claims.ts'
import { buildFinalProof, finalDigest } from '#prover/finalProof.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import type { InputProver, PublicInputsExtended } from '#prover/remote/messages.ts'
import type { Attester } from '#prover/signature.ts'
import type { AttestationDomain, AttestationProof, Claims } from '#prover/types.ts'
import { readInput } from './readInput.ts'
import type { ProverWork } from './work.ts'

type Options = {
  attester: Attester
  domain: AttestationDomain
  /** What is signed instead, by a prover that lies. */
  distort?: (claims: Claims) => Claims
}

/** Really executes batches, on nothing but the request, and signs what came out. */
export function createAttestWork({
  attester,
  domain,
  distort = (claims) => claims,
}: Options): ProverWork & { attest: (claims: Claims) => string } {
  const attest = (claims: Claims): string => {
    const signed = distort(pickClaims(claims))
    return encodeProof(signClaims(domain, signed, attester))
  }
  const read = (text: string): AttestationProof => {
    const proof = decodeAttestationProof(text)
    assertSigned(domain, proof)
    return proof
  }
  return {
    attest,
    batch: async (input) => attest(await execute(input)),
    aggregated: async (first, second) => attest(joinClaims(read(first), read(second))),
    async final(text, sender) {
      const [claims, aggregator] = [distort(pickClaims(read(text))), Address(sender)]
      const signature = attester.sign(finalDigest(domain, claims, aggregator))
      const { words } = buildFinalProof(domain, { claims, aggregator, signatures: [signature] })
      return { proof: `0x${words.map((word) => word.slice(2)).join('')}`, public: statePublic(claims, aggregator) }
    },
  }
}

async function execute(input: InputProver): Promise<Claims> {
  const { inputs, witness } = readInput(input)
  const { root, store, codes } = decodeWitness(witness)
  if (root !== inputs.oldStateRoot) throw new Error('The state is of another root.')
  const result = await executeBatch(inputs, { reader: createTreeStateReader(store, root, codes), store })
  const { batchNumber } = inputs
  return pickClaims({ ...inputs, ...result, oldBatchNumber: BatchNumber(batchNumber - 1), newBatchNumber: batchNumber })
}

function statePublic(claims: Claims, aggregator: Address): PublicInputsExtended {
  return {
    publicInputs: {
      oldStateRoot: hexToBytes(claims.oldStateRoot),
      oldAccInputHash: hexToBytes(claims.oldAccInputHash),
      oldBatchNum: claims.oldBatchNumber,
      chainId: claims.chainId,
      forkId: claims.forkId,
      aggregatorAddr: aggregator,
      ...{ batchL2Data: new Uint8Array(), l1InfoRoot: new Uint8Array(), forcedBlockhashL1: new Uint8Array() },
      ...{ timestampLimit: 0, sequencerAddr: '', l1InfoTreeData: {} },
    },
    newStateRoot: hexToBytes(claims.newStateRoot),
    newAccInputHash: hexToBytes(claims.newAccInputHash),
    newLocalExitRoot: hexToBytes(claims.newLocalExitRoot),
    newBatchNum: claims.newBatchNumber,
  }
}
