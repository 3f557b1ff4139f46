import { estimateGas } from '#executor/estimateGas.ts'
import { simulateCall } from '#executor/simulate.ts'
import { type Accounts, GAS_LOOKERS, GAS_ZOO } from '#executor/testing/gasZoo.ts'
import { address, COINBASE, CONTRACT, memoryState, SENDER } from '#executor/testing/memoryState.ts'
import { WorldState } from '#executor/worldState.ts'
import type { BenchResult } from './run.ts'

const ROUNDS = 100
const BLOCK = { number: 7, timestamp: 1000, coinbase: address(COINBASE), gasLimit: 2n ** 50n, chainId: 1000 }
const OPTIONS = { forkId: 9, block: BLOCK }
const CALL = {
  ...{ from: address(SENDER), to: address(CONTRACT), gas: 30_000_000, gasPrice: 0n, value: 0n },
  data: new Uint8Array(),
}

/** Gas estimates of a zoo of contracts, on states in memory: time, and the limit beside the gas that is used with it. */
export async function run(): Promise<BenchResult> {
  const rows = []
  for (const [what, zoo] of Object.entries({ 'in one run': GAS_ZOO, searched: GAS_LOOKERS }))
    rows.push(await measure(what, Object.values(zoo)))
  return { name: `gas estimates, ${ROUNDS} of each contract`, rows }
}

async function measure(what: string, zoo: readonly Accounts[]) {
  const times: number[] = []
  let largest = 0
  for (const state of zoo) {
    const reader = memoryState(state)
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now()
      const estimate = await estimateGas(new WorldState(reader), CALL, OPTIONS)
      times.push(performance.now() - began)
      if (estimate.kind !== 'estimated') throw new Error(`no estimate: ${estimate.kind}`)
      if (round > 0) continue
      const result = await simulateCall({ ...CALL, gas: estimate.gas }, { ...OPTIONS, reader })
      if (result.kind !== 'executed' || !result.success) throw new Error('The estimate is too low.')
      largest = Math.max(largest, estimate.gas / result.gasSpent)
    }
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => Number(times[Math.floor(times.length * share)]!.toFixed(2))
  return {
    what,
    contracts: zoo.length,
    'wall ms, median': at(0.5),
    'wall ms, 99 of 100': at(0.99),
    'wall ms, most': at(1 - 1 / times.length),
    'limit / gas spent, most': Number(largest.toFixed(3)),
  }
}
