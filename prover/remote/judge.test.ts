import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { createAttestWork } from '#test/remoteProver/attestWork.ts'
import { fixedWork } from '#test/remoteProver/fixedWork.ts'
import { AGGREGATOR, ATTESTER, attestWork } from '#test/remoteProver/harness.ts'
import type { Difference } from '../claims.ts'
import { publicSignal } from '../finalProof.ts'
import { ProofJudge, type ProofVerifier } from './judge.ts'
import type { FinalProofMessage, GetProofResponse } from './messages.ts'

const claims = claimsOf(3, 7)
const expected = { claims, aggregator: AGGREGATOR }
const sound = await attestWork.final(attestWork.attest(claims), AGGREGATOR)

const attestation: ProofVerifier = { kind: 'attestation', domain: DOMAIN, attesters: [ATTESTER.address] }
const differences: Difference[] = []
const judgeBy = (verifier: ProofVerifier) =>
  new ProofJudge({ verifier, onMockDifference: (difference) => differences.push(difference) })

const completed = { id: 'r', result: 'RESULT_COMPLETED_OK', resultString: '' } as const
const answerWith = (finalProof: FinalProofMessage): GetProofResponse => ({
  ...completed,
  proof: 'finalProof',
  finalProof,
})
const changed = (changes: Partial<NonNullable<FinalProofMessage['public']>>): GetProofResponse =>
  answerWith({ ...sound, public: { ...sound.public!, ...changes } })

describe('a final proof', () => {
  test.each([attestation, { kind: 'fflonk' }, { kind: 'mock' }] as const)('that is sound, verifier %o', (verifier) => {
    expect(judgeBy(verifier).final(answerWith(sound), expected)).toEqual({
      words: hexWords(sound.proof),
      aggregator: AGGREGATOR,
      publicInputs: claims,
      inputSnark: publicSignal(claims, AGGREGATOR),
    })
    expect(differences).toEqual([])
  })

  const root = hexToBytes(claims.newStateRoot)
  const forms: [string, Uint8Array][] = [
    ['32 bytes', root],
    ['bytes without leading zeros', root.subarray(root.findIndex((byte) => byte !== 0))],
    ['hex text', new TextEncoder().encode(bytesToHex(root))],
    ['hex text without 0x', new TextEncoder().encode(bytesToHex(root).slice(2))],
    ['hex text in capitals', new TextEncoder().encode(bytesToHex(root).slice(2).toUpperCase())],
  ]
  test.each(forms)('with roots as %s is read', (_, newStateRoot) => {
    expect(judgeBy({ kind: 'fflonk' }).final(changed({ newStateRoot }), expected).publicInputs).toEqual(claims)
  })

  test('with an address that lost its leading zeros and its prefix is read', () => {
    const aggregator = `0x${'00'.repeat(2)}${'0a'.repeat(18)}` as typeof AGGREGATOR
    const publicInputs = { ...sound.public!.publicInputs!, aggregatorAddr: 'a'.padEnd(35, '0a').toUpperCase() }
    const proof = judgeBy({ kind: 'fflonk' }).final(changed({ publicInputs }), { claims, aggregator })
    expect(proof.aggregator).toBe(aggregator)
  })

  const lies: [string, GetProofResponse, string][] = [
    ['newStateRoot', changed({ newStateRoot: new Uint8Array(32) }), 'Proved something else. field=newStateRoot'],
    ['newAccInputHash', changed({ newAccInputHash: new Uint8Array() }), 'field=newAccInputHash stated=0x00'],
    ['newLocalExitRoot', changed({ newLocalExitRoot: new Uint8Array(32) }), 'field=newLocalExitRoot'],
    ['newBatchNum', changed({ newBatchNum: 8 }), 'field=newBatchNumber stated=8 expected=7'],
    ['oldBatchNum', changedInputs({ oldBatchNum: 1 }), 'field=oldBatchNumber stated=1 expected=2'],
    ['chainId', changedInputs({ chainId: 1 }), 'field=chainId stated=1 expected=1000'],
    ['forkId', changedInputs({ forkId: 0 }), 'field=forkId stated=0 expected=9'],
    ['oldStateRoot', changedInputs({ oldStateRoot: new Uint8Array(32) }), 'field=oldStateRoot'],
    ['oldAccInputHash', changedInputs({ oldAccInputHash: new Uint8Array(32) }), 'field=oldAccInputHash'],
    ['aggregator', changedInputs({ aggregatorAddr: '0x12' }), 'field=aggregator stated=0x0'],
  ]
  test.each(lies)('that says another %s is refused, but for mocks', (field, answer, message) => {
    for (const verifier of [attestation, { kind: 'fflonk' }] as const)
      expect(() => judgeBy(verifier).final(answer, expected)).toThrow(message)
    differences.length = 0
    expect(judgeBy({ kind: 'mock' }).final(answer, expected).publicInputs).toEqual(claims)
    expect(differences.splice(0)).toMatchObject([
      { field: field === 'newBatchNum' || field === 'oldBatchNum' ? `${field}ber` : field },
    ])
  })

  const malformed: [string, GetProofResponse, string][] = [
    ['one digit less', answerWith({ ...sound, proof: sound.proof.slice(0, -1) }), 'length=1537'],
    ['one digit more', answerWith({ ...sound, proof: `${sound.proof}0` }), 'length=1539'],
    ['no prefix', answerWith({ ...sound, proof: sound.proof.slice(2) }), 'length=1536'],
    ['nothing but zeros', answerWith({ ...sound, proof: `0x${'0'.repeat(1536)}` }), 'Gave an empty proof.'],
    ['no public inputs', answerWith({ ...sound, public: null }), 'comes without its public inputs'],
    ['a root of 33 bytes', changed({ newStateRoot: new Uint8Array(33) }), 'field=new_state_root sizeBytes=33'],
    [
      'a recursive proof',
      { ...completed, proof: 'recursiveProof', recursiveProof: 'x' },
      'Gave recursiveProof instead',
    ],
    ['no proof', completed, 'Gave nothing instead of a final proof.'],
  ]
  test.each(malformed)('with %s is refused whatever the verifier', (_, answer, message) => {
    for (const verifier of [attestation, { kind: 'fflonk' }, { kind: 'mock' }] as const)
      expect(() => judgeBy(verifier).final(answer, expected)).toThrow(message)
  })

  test.each(Array.from({ length: 24 }, (_, word) => word))('with word %i changed is refused', (word) => {
    const digit = 2 + 64 * word + 63
    const proof = sound.proof.slice(0, digit) + (sound.proof[digit] === '0' ? '1' : '0') + sound.proof.slice(digit + 1)
    expect(() => judgeBy(attestation).final(answerWith({ ...sound, proof }), expected)).toThrow()
  })

  test('signed with a key that does not count is refused', async () => {
    const other = createAttestWork({ attester: ATTESTERS[1]!, domain: DOMAIN })
    const finalProof = await other.final(attestWork.attest(claims), AGGREGATOR)
    expect(() => judgeBy(attestation).final(answerWith(finalProof), expected)).toThrow(
      `Signed with a key that does not count. attester=${ATTESTERS[1]!.address}`,
    )
  })
})

describe('a recursive proof', () => {
  const answerText = (recursiveProof: string): GetProofResponse => ({
    ...completed,
    proof: 'recursiveProof',
    recursiveProof,
  })

  test('that is no attestation is taken as it is by other verifiers', async () => {
    const text = await fixedWork.aggregated('', '')
    for (const kind of ['fflonk', 'mock'] as const)
      expect(judgeBy({ kind }).recursive(answerText(text), claims)).toBe(text)
    expect(() => judgeBy(attestation).recursive(answerText(text), claims)).toThrow('The proof is malformed.')
  })

  test('of other batches, of a key that does not count, or that is none is refused', async () => {
    const judge = judgeBy(attestation)
    expect(() => judge.recursive(answerText(attestWork.attest(claimsOf(3, 8))), claims)).toThrow('field=newBatchNumber')
    const other = createAttestWork({ attester: ATTESTERS[1]!, domain: DOMAIN })
    expect(() => judge.recursive(answerText(other.attest(claims)), claims)).toThrow('Signed with a key')
    expect(() => judge.recursive(answerWith(sound), claims)).toThrow('Gave finalProof instead of a recursive proof.')
    expect(judge.recursive(answerText(attestWork.attest(claims)), claims)).toBe(attestWork.attest(claims))
  })
})

function changedInputs(changes: Partial<NonNullable<NonNullable<FinalProofMessage['public']>['publicInputs']>>) {
  return changed({ publicInputs: { ...sound.public!.publicInputs!, ...changes } })
}

function hexWords(proof: string): string[] {
  return Array.from({ length: 24 }, (_, word) => `0x${proof.slice(2 + 64 * word, 66 + 64 * word)}`)
}
