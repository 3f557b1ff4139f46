import { startProverRole } from './proverRole.ts'
import { runRole } from './run.ts'

/** Makes proofs, in a process of its own. Any number of them may run; each takes jobs as it has room. */
await runRole('prover', startProverRole)
