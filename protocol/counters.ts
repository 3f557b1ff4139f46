/** Resources of the zkEVM circuits one batch may use; gas is not one of them. All non-negative integers. */
export type ZkCounters = {
  steps: number
  arithmetics: number
  binaries: number
  memAligns: number
  keccakHashes: number
  poseidonPaddings: number
  poseidonHashes: number
  sha256Hashes: number
}

const STEPS_RESERVED_BY_PROGRAM = 200

/**
 * Most a batch can prove with circuits of `circuitSteps` rows, each less 1/`safetyDivisor` of itself that the program
 * withholds. Every division rounds down. Source: zkEVM ROM, constants.
 */
export function counterLimits(circuitSteps: number, safetyDivisor: number): ZkCounters {
  const usable = (limit: number) => limit - Math.floor(limit / safetyDivisor)
  return {
    steps: usable(circuitSteps - STEPS_RESERVED_BY_PROGRAM),
    arithmetics: usable(Math.floor(circuitSteps / 32)),
    binaries: usable(Math.floor(circuitSteps / 16)),
    memAligns: usable(Math.floor(circuitSteps / 32)),
    keccakHashes: usable(Math.floor(circuitSteps / 155286) * 44),
    poseidonPaddings: usable(Math.floor(circuitSteps / 56)),
    poseidonHashes: usable(Math.floor(circuitSteps / 30)),
    sha256Hashes: usable(Math.floor((circuitSteps - 1) / 31488) * 7),
  }
}
