// What a worker of the queue zk-batch can run; Temporal loads this file.
export { aggregatorWorkflow } from './aggregator.ts'
export { batchWorkflow } from './batch.ts'
export { l1TransactionWorkflow } from './l1Transaction.ts'
export { proofWorkflow } from './proof.ts'
export { pruningWorkflow } from './pruning.ts'
export { sequencerWorkflow } from './sequencer.ts'
export { sequenceSenderWorkflow } from './sequenceSender.ts'
export { synchronizerWorkflow } from './synchronizer.ts'
