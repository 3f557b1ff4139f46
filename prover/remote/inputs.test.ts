import { beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { type Address, BatchNumber, type Hash } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { readInput } from '#test/remoteProver/readInput.ts'
import { buildSmallChain } from '#test/smallChain.ts'
import type { ReexecutionJob } from '../reexecute.ts'
import type { BatchInputs, L1InfoLeaf } from '../types.ts'
import { buildInputProver, buildStatelessInputs, ProverInputError } from './inputs.ts'
import { aggregatorMessage } from './messages.ts'

const aggregator = addressOf(0xa9)
let jobs: readonly ReexecutionJob[]
beforeAll(async () => {
  jobs = (await buildSmallChain()).batches.map(({ job }) => job)
})

test.each([0, 1])('a prover reads from the request of batch %i what went into it', async (index) => {
  const { inputs, witness } = jobs[index]!
  const input = await buildInputProver({ inputs, witness, aggregator, forkId: 9 })
  const received = aggregatorMessage.decode(aggregatorMessage.encode({ id: '1', genBatchProofRequest: { input } }))
  expect(readInput(received.genBatchProofRequest!.input)).toEqual({
    inputs: { ...inputs, batchL2Data: Buffer.from(inputs.batchL2Data) },
    witness,
  })
  expect(received.genBatchProofRequest!.input.publicInputs).toMatchObject({
    ...{ oldBatchNum: index, chainId: 1000, forkId: 9, aggregatorAddr: aggregator, sequencerAddr: inputs.coinbase },
  })
})

test('state is in the form provers take: hex without a prefix, whole field elements', async () => {
  const { inputs, witness } = jobs[1]!
  const { db, contractsBytecode } = await buildInputProver({ inputs, witness, aggregator, forkId: 9 })
  for (const [hash, elements] of Object.entries(db)) {
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(elements).toMatch(/^([0-9a-f]{16}){8}(([0-9a-f]{16}){4})?$/)
  }
  expect(db).toHaveProperty(inputs.oldStateRoot.slice(2))
  expect(Object.keys(contractsBytecode)).toHaveLength(1)
  for (const text of Object.entries(contractsBytecode).flat()) expect(text).toMatch(/^([0-9a-f]{2})+$/)
})

describe('what every prover would refuse is not sent', () => {
  const word = '0x00' as Hash
  const leaf: L1InfoLeaf = { globalExitRoot: word, blockHashL1: word, minTimestamp: 0, proof: [] }
  const changes: [string, Partial<BatchInputs>, string][] = [
    ['batch zero', { batchNumber: BatchNumber(0) }, 'field=old_batch_num value=-1'],
    ['no chain', { chainId: 0 }, 'field=chain_id value=0'],
    ['another fork', { forkId: 8 }, 'field=fork_id value=8'],
    ['too much data', { batchL2Data: new Uint8Array(120_001) }, 'field=batch_l2_data value=120001 bytes'],
    ['a long root', { oldStateRoot: `0x${'11'.repeat(33)}` as Hash }, 'field=db value=state of 0x'],
    ['a long hash', { oldAccInputHash: `0x${'11'.repeat(33)}` as Hash }, 'field=old_acc_input_hash value=0x11'],
    ['a short info root', { l1InfoRoot: word }, 'field=l1_info_root value=0x00'],
    [
      'a word that is no hex',
      { forcedBlockHashL1: `0x${'zz'.repeat(32)}` as Hash },
      'field=forced_blockhash_l1 value=0xzz',
    ],
    ['a negative time', { timestampLimit: -1 }, 'field=timestamp_limit value=-1'],
    ['no address', { coinbase: 'nobody' as Address }, 'field=sequencer_addr value=nobody'],
    ['index 0', { l1InfoTreeData: new Map([[0, leaf]]) }, 'field=l1_info_tree_data[0] value=not an index'],
    ['no proof', { l1InfoTreeData: new Map([[3, leaf]]) }, 'field=l1_info_tree_data[3].smt_proof value=0 hashes'],
    [
      'a time past 32 bits',
      { l1InfoTreeData: new Map([[3, { ...leaf, minTimestamp: 2 ** 32 }]]) },
      'field=l1_info_tree_data[3].min_timestamp value=4294967296',
    ],
  ]
  test.each(changes)('%s', async (_, change, facts) => {
    const { inputs, witness } = jobs[0]!
    const built = buildInputProver({ inputs: { ...inputs, ...change }, witness, aggregator, forkId: 9 })
    await expect(built).rejects.toThrow(ProverInputError)
    await expect(built).rejects.toThrow(`No prover would take these inputs. batchNumber=`)
    await expect(built).rejects.toThrow(facts)
  })

  test('an aggregator that is no address', async () => {
    const { inputs, witness } = jobs[0]!
    const built = buildInputProver({ inputs, witness, aggregator: '0x12' as Address, forkId: 9 })
    await expect(built).rejects.toThrow('field=aggregator_addr value=0x12')
  })

  test('the state of another root', async () => {
    const [one, other] = jobs
    const built = buildInputProver({ inputs: one!.inputs, witness: other!.witness, aggregator, forkId: 9 })
    await expect(built).rejects.toThrow(`field=db value=state of ${other!.inputs.oldStateRoot}`)
  })
})

test('inputs of a stateless proof carry witness and data stream, and what is in neither', () => {
  const { inputs } = jobs[0]!
  const [witness, dataStream] = [Uint8Array.of(1), Uint8Array.of(2)]
  const publicInputs = buildStatelessInputs({ inputs, witness, dataStream, aggregator })
  const sent = aggregatorMessage.encode({ id: '1', genStatelessBatchProofRequest: { input: { publicInputs } } })
  expect(aggregatorMessage.decode(sent).genStatelessBatchProofRequest!.input.publicInputs).toMatchObject({
    ...{ witness: Buffer.from(witness), dataStream: Buffer.from(dataStream), timestampLimit: inputs.timestampLimit },
    oldAccInputHash: Buffer.from(hexToBytes(inputs.oldAccInputHash)),
    l1InfoTreeData: { 1: { minTimestamp: 1_699_999_900 } },
  })
  expect(() => buildStatelessInputs({ inputs, witness, dataStream: new Uint8Array(), aggregator })).toThrow(
    'field=data_stream value=empty',
  )
})
