import { setTimeout } from 'node:timers/promises'
import type { ProverConfig } from '#config/schema.ts'
import type { Attester } from '#prover/signature.ts'
import type { JobControl, Prover } from '#prover/types.ts'
import { openAttestationProver, startProverRole } from '#workers/proverRole.ts'
import { runProverRole } from '#workers/run.ts'

/** `tsx test/storm/slowProver.ts <milliseconds>`: workers/prover.ts whose jobs take so long at least, as real proofs do. */
const workMs = Number(process.argv[2])

function slowDown(prover: Prover): Prover {
  const slowly = async <T>({ signal }: JobControl, work: () => Promise<T>): Promise<T> => {
    const result = await work()
    await setTimeout(workMs, undefined, { signal })
    return result
  }
  return {
    kind: prover.kind,
    proveBatch: (job, control) => slowly(control, () => prover.proveBatch(job, control)),
    aggregate: (job, control) => slowly(control, () => prover.aggregate(job, control)),
    finalize: (job, control) => slowly(control, () => prover.finalize(job, control)),
  }
}

const open = (config: ProverConfig, attester: Attester) => {
  const { prover, close } = openAttestationProver(config, attester)
  return { prover: slowDown(prover), close }
}
await runProverRole('prover', (config, logger, ops, telemetry) => startProverRole(config, logger, ops, telemetry, open))
