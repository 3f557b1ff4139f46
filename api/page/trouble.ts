import type { Database } from '#db/client.ts'
import { readBatchLife } from '#db/rpc/batchLife.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { BatchStatus } from './shapes.ts'

/** Why a batch does not go on, and what an operator does about it. */
export type Trouble = { step: 'sequencing' | 'proving' | 'verifying'; what: string; remedy: string; runbook: string }
/** A batch as pages show it. */
export type ShownBatch = BatchStatus & { trouble?: Trouble }

const TROUBLES: Readonly<Record<Trouble['step'], (batchNumber: number) => Omit<Trouble, 'step'>>> = {
  sequencing: () => ({
    what: 'L1 refused its sequence.',
    remedy: 'It is tried again every minute; the signal retryNow to the workflow sequence-sender makes that at once.',
    runbook: 'docs/runbooks/sequence-reverted.md',
  }),
  proving: (batchNumber) => ({
    what: 'Its proof failed.',
    remedy: `Provers try twelve times before it is parked. Then mend the cause and run: zknode proofs retry ${batchNumber}`,
    runbook: 'docs/runbooks/proof-failed.md',
  }),
  verifying: () => ({
    what: 'L1 took its verification and reverted it.',
    remedy: 'None is sent again by itself: the update retryL1Transaction of its workflow l1-verify-… asks for another.',
    runbook: 'docs/runbooks/verification-reverted.md',
  }),
}

/** Only of what failed more is read than the status tells. */
export async function withTrouble(db: Database, status: BatchStatus): Promise<ShownBatch> {
  if (status.state !== 'failed') return status
  const step = await findStep(db, status)
  return { ...status, trouble: { step, ...TROUBLES[step](Number(status.batchNumber)) } }
}

async function findStep(db: Database, { batchNumber, sendSequencesTxHash }: BatchStatus): Promise<Trouble['step']> {
  if (sendSequencesTxHash === null) return 'sequencing'
  const { verification } = await readBatchLife(db, Number(batchNumber) as BatchNumber)
  return verification?.status === 'reverted' ? 'verifying' : 'proving'
}
