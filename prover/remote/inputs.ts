import { hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { Address } from '#protocol/primitives.ts'
import type { BatchInputs, L1InfoLeaf } from '../types.ts'
import type { InputProver, L1Data, StatelessPublicInputs } from './messages.ts'
import { witnessToDatabase } from './stateDatabase.ts'

/** Inputs that every prover would refuse. They are not sent. */
export class ProverInputError extends NodeError {
  override readonly name = 'ProverInputError'
}

const MAX_BATCH_L2_DATA_BYTES = 120_000
const L1_INFO_TREE_LEVELS = 32
const MAX_UINT32 = 2 ** 32 - 1
/** The first fork whose provers read these fields. */
const FIRST_FORK = 7

type Options = {
  inputs: BatchInputs
  witness: Uint8Array
  /** Will send the verify transaction: the proof is about it too. */
  aggregator: Address
  /** Of the network, and so of its provers. */
  forkId: number
}

/**
 * The inputs of a batch proof, forks 7 and later. The old state goes with them: this node has no service from which
 * provers could read it. @throws {ProverInputError} naming the field; {WitnessError}
 */
export async function buildInputProver({ inputs, witness, aggregator, forkId }: Options): Promise<InputProver> {
  const { batchNumber } = inputs
  if (!Number.isSafeInteger(batchNumber) || batchNumber < 1) throw wrong(inputs, 'old_batch_num', batchNumber - 1)
  if (!Number.isSafeInteger(inputs.chainId) || inputs.chainId < 1) throw wrong(inputs, 'chain_id', inputs.chainId)
  if (inputs.forkId !== forkId || forkId < FIRST_FORK) throw wrong(inputs, 'fork_id', inputs.forkId)
  if (inputs.batchL2Data.length > MAX_BATCH_L2_DATA_BYTES)
    throw wrong(inputs, 'batch_l2_data', `${inputs.batchL2Data.length} bytes`)
  const word = (field: string, hex: string) => readHex(inputs, field, hex, 32)
  const { root, db, contractsBytecode } = await witnessToDatabase(witness)
  if (root !== inputs.oldStateRoot) throw wrong(inputs, 'db', `state of ${root}`)
  return {
    publicInputs: {
      oldStateRoot: word('old_state_root', inputs.oldStateRoot),
      oldAccInputHash: word('old_acc_input_hash', inputs.oldAccInputHash),
      oldBatchNum: batchNumber - 1,
      chainId: inputs.chainId,
      forkId: inputs.forkId,
      batchL2Data: inputs.batchL2Data,
      ...sharedFields(inputs, aggregator),
    },
    db,
    contractsBytecode,
  }
}

/**
 * The inputs of a stateless batch proof. `witness` and `dataStream` are in the erigon node's forms, which this node does
 * not write; old root, batch number, chain, fork and batch data are inside them. @throws {ProverInputError}
 */
export function buildStatelessInputs({
  inputs,
  witness,
  dataStream,
  aggregator,
}: Pick<Options, 'inputs' | 'witness' | 'aggregator'> & { dataStream: Uint8Array }): StatelessPublicInputs {
  if (witness.length === 0) throw wrong(inputs, 'witness', 'empty')
  if (dataStream.length === 0) throw wrong(inputs, 'data_stream', 'empty')
  const oldAccInputHash = readHex(inputs, 'old_acc_input_hash', inputs.oldAccInputHash, 32)
  return { witness, dataStream, oldAccInputHash, ...sharedFields(inputs, aggregator) }
}

/** What both forms of inputs say in the same way. */
function sharedFields(inputs: BatchInputs, aggregator: Address) {
  readHex(inputs, 'sequencer_addr', inputs.coinbase, 20)
  readHex(inputs, 'aggregator_addr', aggregator, 20)
  if (!Number.isSafeInteger(inputs.timestampLimit) || inputs.timestampLimit < 0)
    throw wrong(inputs, 'timestamp_limit', inputs.timestampLimit)
  const leaves = [...inputs.l1InfoTreeData].map(([index, leaf]) => [index, buildLeaf(inputs, index, leaf)] as const)
  return {
    l1InfoRoot: readHex(inputs, 'l1_info_root', inputs.l1InfoRoot, 32),
    timestampLimit: inputs.timestampLimit,
    sequencerAddr: inputs.coinbase,
    forcedBlockhashL1: readHex(inputs, 'forced_blockhash_l1', inputs.forcedBlockHashL1, 32),
    aggregatorAddr: aggregator,
    l1InfoTreeData: Object.fromEntries(leaves),
  }
}

function buildLeaf(inputs: BatchInputs, index: number, leaf: L1InfoLeaf): L1Data {
  const field = `l1_info_tree_data[${index}]`
  const { minTimestamp, proof } = leaf
  if (!Number.isInteger(index) || index < 1 || index > MAX_UINT32) throw wrong(inputs, field, 'not an index')
  if (!Number.isInteger(minTimestamp) || minTimestamp < 0 || minTimestamp > MAX_UINT32)
    throw wrong(inputs, `${field}.min_timestamp`, minTimestamp)
  if (proof.length !== L1_INFO_TREE_LEVELS) throw wrong(inputs, `${field}.smt_proof`, `${proof.length} hashes`)
  return {
    globalExitRoot: readHex(inputs, `${field}.global_exit_root`, leaf.globalExitRoot, 32),
    blockhashL1: readHex(inputs, `${field}.blockhash_l1`, leaf.blockHashL1, 32),
    minTimestamp,
    smtProof: proof.map((hash) => readHex(inputs, `${field}.smt_proof`, hash, 32)),
  }
}

function readHex(inputs: BatchInputs, field: string, hex: string, sizeBytes: number): Uint8Array {
  if (!/^0x[0-9a-f]*$/i.test(hex) || hex.length !== 2 + 2 * sizeBytes) throw wrong(inputs, field, hex)
  return hexToBytes(hex)
}

function wrong({ batchNumber }: BatchInputs, field: string, value: string | number): ProverInputError {
  return new ProverInputError('No prover would take these inputs.', { facts: { batchNumber, field, value } })
}
