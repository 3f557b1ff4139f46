import { type Fragment, Interface } from 'ethers'
import { describe, expect, test, vi } from 'vitest'
import {
  attestationVerifierAbi,
  bridgeAbi,
  globalExitRootAbi,
  polAbi,
  rollupAbi,
  rollupManagerAbi,
  sequenceBatchesAbi,
} from './abi.ts'
import { preEtrogAbi, preEtrogGlobalExitRootAbi } from './abiPreEtrog.ts'
import { ArtifactNotFoundError, getArtifact } from './artifacts.ts'
import { compileContracts } from './compile.ts'

vi.setConfig({ testTimeout: 120_000 })

const LATER_FORK = [
  ...['RollbackBatches', 'rollbackBatches', 'updateRollupByRollupAdmin', 'sequenceBatchesValidium'],
  ...['l1InfoRootMap', 'InitL1InfoRootMap', 'UpdateL1InfoTreeV2'],
]
/** Only a chain that existed before etrog emits it. */
const OLD_CHAIN = ['UpdateEtrogSequence']
/** Errors that the public contracts lack: one-time initialisation and re-entry revert with text there. */
const OWN_ERRORS = ['AlreadyInitialized', 'ReentrantCall', 'LegacyChainNotSupported']
const LIBRARY_ERRORS = /^(ERC20|ERC1967|SafeERC20|FailedCall|AddressEmptyCode|InsufficientBalance)/

const rooms = [
  ['PolygonZkEVMEtrog', [...rollupAbi, ...sequenceBatchesAbi.elderberry]],
  ['PolygonRollupManager', [...rollupManagerAbi]],
  ['PolygonZkEVMGlobalExitRootV2', [...globalExitRootAbi]],
  ['PolygonZkEVMBridgeV2', [...bridgeAbi]],
  ['POL', [...polAbi]],
  ['AttestationVerifier', [...attestationVerifierAbi]],
] as const

/** Types, mutability and indexing, without the names of parameters. */
const shapes = (fragments: readonly Fragment[]) => fragments.map((fragment) => fragment.format('minimal')).sort()
const nameOf = (fragment: Fragment) => (fragment as Fragment & { name?: string }).name ?? ''

describe.each(rooms)('%s', (contract, abi) => {
  const compiled = () => new Interface(getArtifact(contract).abi).fragments

  test('has every function and event of the interface', () => {
    const wanted = new Interface(abi).fragments.filter(
      (fragment) => fragment.type !== 'error' && ![...LATER_FORK, ...OLD_CHAIN].includes(nameOf(fragment)),
    )
    expect(shapes(compiled())).toEqual(expect.arrayContaining(shapes(wanted)))
  })

  test('raises only errors that the interface knows', () => {
    const known = new Interface(abi).fragments.filter(({ type }) => type === 'error')
    const raised = compiled()
      .filter((fragment) => fragment.type === 'error')
      .filter((fragment) => !OWN_ERRORS.includes(nameOf(fragment)) && !LIBRARY_ERRORS.test(nameOf(fragment)))
    expect(shapes(known)).toEqual(expect.arrayContaining(shapes(raised)))
  })

  test('fits into a contract', () => {
    expect(getArtifact(contract).deployedBytecode.length / 2 - 1).toBeLessThanOrEqual(24_576)
  })
})

test('selectors and topics are those of the public contracts', () => {
  const selector = (abi: readonly string[], name: string) => new Interface(abi).getFunction(name)!.selector
  expect(selector(sequenceBatchesAbi.etrog, 'sequenceBatches')).toBe('0xecef3f99')
  expect(selector(sequenceBatchesAbi.elderberry, 'sequenceBatches')).toBe('0xdef57e54')
  expect(selector(sequenceBatchesAbi.banana, 'sequenceBatches')).toBe('0xb910e0f9')
  expect(selector(sequenceBatchesAbi.elderberry, 'sequenceBatchesValidium')).toBe('0xdb5b0ed7')
  expect(selector(sequenceBatchesAbi.banana, 'sequenceBatchesValidium')).toBe('0x165e8a8d')
  expect(selector(preEtrogAbi, 'sequenceBatches')).toBe('0x5e9145c9')
  expect(selector(preEtrogAbi, 'verifyBatchesTrustedAggregator')).toBe('0x2b0006fa')
  expect(selector(rollupManagerAbi, 'verifyBatchesTrustedAggregator')).toBe('0x1489ed10')
  expect(selector(rollupManagerAbi, 'verifyBatches')).toBe('0x87c20c01')
  expect(selector(rollupAbi, 'sequenceForceBatches')).toBe('0x9f26f840')
  const topic = (abi: readonly string[], name: string) => new Interface(abi).getEvent(name)!.topicHash.slice(0, 10)
  expect(topic(rollupAbi, 'SequenceBatches')).toBe('0x3e54d082')
  expect(topic(rollupAbi, 'InitialSequenceBatches')).toBe('0x06011621')
  expect(topic(rollupManagerAbi, 'VerifyBatchesTrustedAggregator')).toBe('0xd1ec3a12')
  expect(topic(globalExitRootAbi, 'UpdateL1InfoTree')).toBe('0xda61aa78')
  expect(topic(globalExitRootAbi, 'UpdateL1InfoTreeV2')).toBe('0xaf6c6cd7')
  expect(topic(preEtrogGlobalExitRootAbi, 'UpdateGlobalExitRoot')).toBe('0x61014378')
  expect(topic(bridgeAbi, 'ClaimEvent')).toBe('0x1df3f2a9')
})

test('what runs on L2 needs no opcode that the zkEVM lacks', () => {
  for (const name of ['PolygonZkEVMBridgeV2', 'PolygonZkEVMGlobalExitRootL2', 'TokenWrapped', 'DemoToken']) {
    const opcodes = opcodesOf(getArtifact(name).deployedBytecode)
    expect(opcodes.has(0x55), `${name}: SSTORE, as a sign that code was read`).toBe(true)
    // BASEFEE, BLOBHASH, BLOBBASEFEE, TLOAD, TSTORE, MCOPY, PREVRANDAO
    for (const missing of [0x48, 0x49, 0x4a, 0x5c, 0x5d, 0x5e, 0x44]) expect(opcodes.has(missing), name).toBe(false)
  }
})

/** Opcodes up to the end of code, which INVALID marks: data that follows it is no code. */
function opcodesOf(code: string): Set<number> {
  const bytes = Buffer.from(code.slice(2), 'hex')
  const opcodes = new Set<number>()
  for (let position = 0; position < bytes.length; position++) {
    const opcode = bytes[position]!
    if (opcode === 0xfe) break
    opcodes.add(opcode)
    if (opcode >= 0x60 && opcode <= 0x7f) position += opcode - 0x5f
  }
  return opcodes
}

test('an unknown contract is named in the error', () => {
  expect(() => getArtifact('Nothing')).toThrow(ArtifactNotFoundError)
})

test('many callers at once get the same artifacts', async () => {
  const folders = await Promise.all(Array.from({ length: 4 }, () => compileContracts()))
  expect(new Set(folders).size).toBe(1)
})
