import type { ZkCounters } from '#protocol/counters.ts'
import type { ForkRules } from '#protocol/forks.ts'
import type { Address } from '#protocol/primitives.ts'
import type { Frame, FrameKind } from '../evm/frame.ts'
import type { HaltReason } from '../evm/halt.ts'
import {
  type BuildingBlocks,
  buildingBlocks,
  CONTEXT,
  CONTEXT_COUNT,
  type Context,
  callFrame,
  createFrame,
  type FormulaVariant,
  transactionCost,
} from './formulas.ts'
import { fetchCost, staticCosts } from './opcodeCosts.ts'
import { precompileCost } from './precompileCosts.ts'
import {
  type CounterVector,
  KECCAK,
  PADDING,
  POSEIDON,
  sum,
  times,
  VECTOR_SIZE,
  vector,
  vectorToCounters,
} from './vector.ts'

/**
 * `estimate`: the reference's upper estimate, which a sequencer stays below. `program`: what the zkEVM's program takes,
 * step by step where that is known; it decides whether a batch that the estimate finds too large is void.
 */
export type CounterMeasure = 'estimate' | 'program'

const OPCODES = 256

/** Everything of a variant that is computed once. */
export type CounterTable = {
  blocks: BuildingBlocks
  /** By context, by opcode. */
  opcodes: readonly (readonly CounterVector[])[]
  copyLoop: CounterVector
  calldataLoop: CounterVector
  calldataCopy: CounterVector
  codeCopy: CounterVector
  codeByte: CounterVector
  extCodeCopy: CounterVector
  returnDataCopy: CounterVector
  returnDataLoop: CounterVector
  outputLoop: CounterVector
  logLoop: CounterVector
  fetch: readonly CounterVector[]
}

const tables = new Map<FormulaVariant, CounterTable>()

/**
 * Forks 10 and 11 are estimated as fork 9, which is never less. The program is counted as that of fork 9: those of the
 * other forks differ little in what they take.
 */
export function counterTable({ forkId }: ForkRules, measure: CounterMeasure): CounterTable {
  const variant = measure === 'program' ? measure : forkId >= 12 ? 'fork12' : forkId === 7 ? 'fork7' : 'fork9'
  let table = tables.get(variant)
  if (table === undefined) {
    table = makeTable(buildingBlocks(variant))
    tables.set(variant, table)
  }
  return table
}

function makeTable(blocks: BuildingBlocks): CounterTable {
  const { mLoad32, mLoadX, mStore32, mStoreX, offsetUtil, readFromCalldata, divArith, mulArith, path } = blocks
  const contexts = Object.values(CONTEXT)
  const fetch = contexts.map((context) => fetchCost(blocks, context))
  const codeByte = sum(vector({ S: 30, B: 2, M: 1 }), offsetUtil)
  return {
    blocks,
    opcodes: contexts.map((context) => staticCosts(blocks, context)),
    copyLoop: sum(vector({ S: 8 }), mLoad32),
    calldataLoop: sum(vector({ S: 30, M: 1 }), readFromCalldata, offsetUtil),
    calldataCopy: sum(vector({ S: 100, B: 2 }), offsetUtil, readFromCalldata, times(2, mStoreX)),
    codeCopy: sum(vector({ S: 40, B: 3 }), divArith, mulArith),
    codeByte,
    extCodeCopy: sum(
      vector({ S: 60, B: 1 }),
      blocks.maskAddress,
      blocks.isColdAddress,
      times(2, path),
      times(2, divArith),
      mulArith,
    ),
    returnDataCopy: sum(vector({ S: 50, B: 2 }), divArith, mulArith, mLoadX, mStoreX),
    returnDataLoop: sum(vector({ S: 10 }), mLoad32, mStore32),
    outputLoop: sum(vector({ S: 12 }), mLoad32, mStore32),
    logLoop: sum(vector({ S: 10 }), mLoad32),
    fetch,
  }
}

/**
 * Counts one transaction while it runs. Instructions are counted by opcode and priced at the end; only those whose cost
 * depends on operands call a method here. Reverted frames count: the program runs them too.
 */
export class CounterMeter {
  readonly #table: CounterTable
  /** How often each opcode ran, by context and opcode. */
  readonly #opcodeCounts: (Uint32Array | undefined)[] = Array(CONTEXT_COUNT).fill(undefined)
  readonly #sum = new Float64Array(VECTOR_SIZE)

  constructor(table: CounterTable) {
    this.#table = table
  }

  /** How often each opcode ran in frames like this one. The interpreter counts here. */
  opcodeCounts(frame: Frame): Uint32Array {
    const where = context(frame)
    this.#opcodeCounts[where] ??= new Uint32Array(OPCODES)
    return this.#opcodeCounts[where]
  }

  /** Counts one instruction. */
  count(opcode: number, frame: Frame): void {
    this.opcodeCounts(frame)[opcode]!++
  }

  /** Counts the instruction that ended its frame: those the estimate counts before it looks at their operands. */
  countHalted(opcode: number, frame: Frame, reason: HaltReason): void {
    if (reason === 'stack underflow' && PRICED_BY_OPERANDS.has(opcode)) return
    if (COUNTED_HALTS.has(reason)) this.count(opcode, frame)
  }

  exp(exponent: bigint, exponentBytes: number): void {
    const { lengthInBytes, power } = this.#table.blocks
    const bytes = Math.max(exponentBytes, 1)
    this.#add(lengthInBytes(bytes))
    this.#add(power(exponent, bytes))
  }

  keccak(length: number): void {
    const { blocks, copyLoop } = this.#table
    this.#sum[KECCAK]! += Math.ceil((length + 1) / (blocks.isEarlierEstimate ? 32 : 136))
    this.#add(blocks.saveMem(length))
    this.#add(copyLoop, Math.floor(length / 32))
  }

  calldataCopy(length: number, frame: Frame): void {
    if (length === 0) return
    const { blocks, fetch, calldataCopy, calldataLoop } = this.#table
    this.#add(fetch[context(frame)]!)
    this.#add(calldataCopy)
    this.#add(blocks.saveMem(length))
    this.#add(calldataLoop, Math.floor(length / 32))
  }

  codeCopy(length: number, frame: Frame): void {
    if (length === 0) return
    const { blocks, fetch, codeCopy, codeByte } = this.#table
    this.#add(fetch[context(frame)]!)
    if (frame.isCreate) {
      this.calldataCopy(length, frame)
      return
    }
    this.#add(codeCopy)
    this.#add(blocks.saveMem(length))
    this.#add(codeByte, length)
  }

  extCodeCopy(length: number, codeSize: number, frame: Frame): void {
    if (length === 0) return
    const { blocks, fetch, extCodeCopy, codeByte } = this.#table
    this.#add(fetch[context(frame)]!)
    this.#add(extCodeCopy)
    this.#add(blocks.poseidonBlock, Math.ceil(codeSize / 56))
    this.#add(blocks.saveMem(length))
    this.#add(codeByte, length)
    this.#add(MEM_ALIGN, length)
  }

  returnDataCopy(length: number, frame: Frame): void {
    if (length === 0) return
    const { blocks, fetch, returnDataCopy, returnDataLoop } = this.#table
    this.#add(fetch[context(frame)]!)
    this.#add(returnDataCopy)
    this.#add(blocks.saveMem(length))
    this.#add(returnDataLoop, Math.floor(length / 32))
  }

  log(length: number): void {
    const { blocks, logLoop } = this.#table
    const hashes = Math.ceil(length / 56) + 4
    this.#sum[POSEIDON]! += hashes
    this.#sum[PADDING]! += hashes
    this.#add(blocks.saveMem(length))
    // The earlier table really counts a turn per byte: floor(n + 1/32).
    this.#add(logLoop, blocks.isEarlierEstimate ? length : Math.floor((length + 1) / 32))
  }

  return(length: number, frame: Frame): void {
    const { blocks, outputLoop } = this.#table
    this.#add(blocks.saveMem(length))
    const where = context(frame)
    if (where === CONTEXT.create) this.#add(blocks.hashFromMemory(length))
    else if (where === CONTEXT.ordinary) this.#add(outputLoop, Math.floor(length / 32))
  }

  revert(length: number): void {
    const { blocks, outputLoop } = this.#table
    this.#add(blocks.saveMem(length))
    this.#add(outputLoop, Math.floor(length / 32))
  }

  /** The memory a call reads and writes. */
  call(inputLength: number, outputLength: number): void {
    const { saveMem } = this.#table.blocks
    this.#add(saveMem(inputLength))
    this.#add(saveMem(outputLength))
  }

  /** The frame a call opens. */
  callFrame(codeSize: number, movesValue: boolean): void {
    this.#add(callFrame(this.#table.blocks, codeSize, movesValue))
  }

  /** How many accounts and slots the transaction made warm: the program writes them down. */
  warmed(count: number): void {
    this.#add(this.#table.blocks.warming, count)
  }

  create(nonceBytes: number, length: number): void {
    const { saveMem, lengthInBytes } = this.#table.blocks
    this.#add(saveMem(length))
    this.#add(lengthInBytes(nonceBytes))
  }

  /** The frame a creation opens. */
  createFrame(kind: Extract<FrameKind, 'CREATE' | 'CREATE2'>, length: number): void {
    this.#add(createFrame(this.#table.blocks, kind, length))
  }

  /** A precompile that had the gas to run. @param outputLength bytes of memory the caller has for the output */
  precompile(address: Address, input: Uint8Array, outputLength: number): void {
    this.#add(precompileCost(this.#table.blocks, address, input, outputLength))
  }

  /** The transaction itself: `size` of the called code, or of the code a deployment returned. */
  transaction(size: number, isDeploy: boolean): void {
    this.#add(transactionCost(this.#table.blocks, size, isDeploy))
  }

  /** Everything counted. @param treeLevels of the state tree, see `CounterModel.executionLevels` */
  total(treeLevels: number): ZkCounters {
    const total = this.#sum.slice()
    for (const [where, counts] of this.#opcodeCounts.entries()) {
      if (counts === undefined) continue
      for (let opcode = 0; opcode < OPCODES; opcode++)
        if (counts[opcode] !== 0) addTo(total, this.#table.opcodes[where]![opcode]!, counts[opcode]!)
    }
    return vectorToCounters(total, treeLevels)
  }

  #add(cost: CounterVector, factor = 1): void {
    addTo(this.#sum, cost, factor)
  }
}

function addTo(total: Float64Array, cost: CounterVector, factor: number): void {
  for (let position = 0; position < VECTOR_SIZE; position++) total[position]! += factor * cost[position]!
}

const COUNTED_HALTS: ReadonlySet<HaltReason> = new Set([
  'stack underflow',
  'stack overflow',
  'invalid jump destination',
  'return data out of bounds',
])
/** EXP, KECCAK256, copies, LOG, creations, calls, RETURN and REVERT. */
const PRICED_BY_OPERANDS: ReadonlySet<number> = new Set([
  ...[0x0a, 0x20, 0x37, 0x39, 0x3c, 0x3e, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4],
  ...[0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xfa, 0xfd],
])
const MEM_ALIGN = vector({ M: 1 })

function context(frame: Frame): Context {
  if (!frame.isCreate) return CONTEXT.ordinary
  return frame.isDeploy ? CONTEXT.deploy : CONTEXT.create
}
