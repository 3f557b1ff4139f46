import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getArtifact } from '#contracts/artifacts.ts'
import { compileContracts } from '#contracts/compile.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from '#test/anvil.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { ProofFormatError } from './errors.ts'
import { buildFinalProof, combineFinalProofs, finalDigest, readFinalSigners } from './finalProof.ts'
import type { AttestationDomain, FinalProof } from './types.ts'

const claims = claimsOf(5, 8, { chainId: 2442 })
const aggregator = addressOf(0xa99)
const finalBy = (domain: AttestationDomain, ...attesters: typeof ATTESTERS): FinalProof =>
  buildFinalProof(domain, {
    claims,
    aggregator,
    signatures: attesters.map(({ sign }) => sign(finalDigest(domain, claims, aggregator))),
  })

describe('the words by themselves', () => {
  test('signatures stand in ascending order of their signers, whatever order they came in', () => {
    const proof = finalBy(DOMAIN, ATTESTERS[4]!, ATTESTERS[0]!, ATTESTERS[2]!)
    expect(readFinalSigners(DOMAIN, proof)).toEqual([0, 2, 4].map((index) => ATTESTERS[index]!.address))
    expect(proof.words.slice(13).every((word) => /^0x0+$/.test(word))).toBe(true)
  })

  test('eight signatures fit, none, nine and a signer twice do not', () => {
    expect(readFinalSigners(DOMAIN, finalBy(DOMAIN, ...ATTESTERS.slice(0, 8)))).toHaveLength(8)
    expect(() => finalBy(DOMAIN)).toThrow(ProofFormatError)
    expect(() => finalBy(DOMAIN, ...ATTESTERS)).toThrow(ProofFormatError)
    expect(() => finalBy(DOMAIN, ATTESTERS[0]!, ATTESTERS[0]!)).toThrow('twice')
  })

  test('proofs of several attesters over the same claims become one, over others they do not', () => {
    const [one, two] = [finalBy(DOMAIN, ATTESTERS[0]!), finalBy(DOMAIN, ATTESTERS[1]!)]
    expect(combineFinalProofs(DOMAIN, [two, one])).toEqual(finalBy(DOMAIN, ATTESTERS[0]!, ATTESTERS[1]!))
    const other = { ...two, aggregator: addressOf(1) }
    expect(() => combineFinalProofs(DOMAIN, [one, other])).toThrow('field=aggregator')
  })

  test('a changed public input, aggregator, public signal, or a word that is no signature is noticed without L1', () => {
    const proof = finalBy(DOMAIN, ATTESTERS[0]!)
    for (const word of [0, 1, 2, 3, 4, 5, 6, 9, 16, 23])
      expect(() => readFinalSigners(DOMAIN, { ...proof, words: flip(proof.words, word) }), `word ${word}`).toThrow(
        ProofFormatError,
      )
    const lies: Partial<FinalProof>[] = [
      { aggregator: addressOf(1) },
      { inputSnark: hashOf(1) },
      { publicInputs: { ...claims, newStateRoot: hashOf(1) } },
    ]
    for (const lie of lies) expect(() => readFinalSigners(DOMAIN, { ...proof, ...lie })).toThrow(ProofFormatError)
  })
})

describe('the words before the AttestationVerifier contract', () => {
  let anvil: Anvil
  let provider: JsonRpcProvider
  const verifierFor = async (attesters: readonly Address[], threshold: number) => {
    const { abi, bytecode } = getArtifact('AttestationVerifier')
    const signer = new NonceManager(new Wallet(ANVIL_KEYS[0], provider))
    const deployed = await new ContractFactory(abi, bytecode, signer).deploy(aggregator, attesters, threshold)
    await deployed.waitForDeployment()
    const verifier = Address(await deployed.getAddress())
    const contract = new Contract(verifier, abi, provider)
    const domain = { l1ChainId: 1337, verifier }
    const verify = ({ words, inputSnark }: Pick<FinalProof, 'words' | 'inputSnark'>): Promise<boolean> =>
      contract.getFunction('verifyProof')([...words], [inputSnark])
    return { domain, verify }
  }

  beforeAll(async () => {
    await compileContracts()
    anvil = await startAnvil()
    provider = new JsonRpcProvider(anvil.url, 1337, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 50 })
  }, 60_000)
  afterAll(async () => {
    provider?.destroy()
    await anvil?.stop()
  })

  test('one signature of a known attester is accepted, one of a stranger is not', async () => {
    const { domain, verify } = await verifierFor([ATTESTERS[0]!.address], 1)
    expect(await verify(finalBy(domain, ATTESTERS[0]!))).toBe(true)
    expect(await verify(finalBy(domain, ATTESTERS[1]!))).toBe(false)
    expect(await verify(finalBy({ ...domain, l1ChainId: 1 }, ATTESTERS[0]!))).toBe(false)
  })

  test('any changed word makes it fail', async () => {
    const { domain, verify } = await verifierFor([ATTESTERS[0]!.address], 1)
    const proof = finalBy(domain, ATTESTERS[0]!)
    for (let word = 0; word < 24; word++)
      expect(await verify({ ...proof, words: flip(proof.words, word) }), `word ${word}`).toBe(false)
    expect(await verify({ ...proof, inputSnark: hashOf(5) })).toBe(false)
  })

  test('three of four: joined proofs are accepted, two or four signatures are not', async () => {
    const four = ATTESTERS.slice(0, 4)
    const addresses = four.map(({ address }) => address)
    const { domain, verify } = await verifierFor(addresses, 3)
    const alone = four.map((attester) => finalBy(domain, attester))
    expect(await verify(combineFinalProofs(domain, [alone[3]!, alone[0]!, alone[1]!]))).toBe(true)
    expect(await verify(combineFinalProofs(domain, [alone[3]!, alone[0]!]))).toBe(false)
    expect(await verify(finalBy(domain, ...four))).toBe(false)
  })
})

function flip(words: readonly Hash[], index: number): Hash[] {
  return words.map((word, at) =>
    at === index ? Hash(`0x${(BigInt(word) ^ 1n).toString(16).padStart(64, '0')}`) : word,
  )
}
