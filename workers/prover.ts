import { startProverRole } from './proverRole.ts'
import { runProverRole } from './run.ts'

/** Makes proofs, in a process of its own. Any number of them may run; each takes jobs as it has room. */
await runProverRole('prover', startProverRole)
