import { createEtherman } from '#etherman/client.ts'
import type { L1Contracts } from '#etherman/events.ts'
import { type CreateOptions, createSnapshot, type Progress } from './createSnapshot.ts'
import { type RestoreOptions, restoreSnapshot } from './restoreSnapshot.ts'

export type L1Options = { rpcUrl: string; contracts: L1Contracts; rollupId: number; requestTimeoutMs: number }

/** A process that saves or restores, and gets `kill -9` in the middle of a stage. */
export type KilledProcess = {
  /** Half of this stage is done when it ends. */
  stage: string
  create?: CreateOptions
  restore?: Omit<RestoreOptions, 'etherman'>
  l1: L1Options
}

const { stage, create, restore, l1 }: KilledProcess = JSON.parse(process.argv[2]!)
const onProgress = (progress: Progress) => {
  if (progress.stage === stage && progress.done > progress.total / 2) process.kill(process.pid, 'SIGKILL')
}
if (create !== undefined) await createSnapshot({ ...create, onProgress })
if (restore !== undefined) await restoreSnapshot({ ...restore, etherman: createEtherman(l1), onProgress })
