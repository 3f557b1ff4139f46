import { BEHIND_BLOCKS, readL1Progress } from '#db/rpc/l1Progress.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'

export type SyncStatus = { startingBlock: string; currentBlock: string; highestBlock: string }

/** The blocks there are while the node is behind L1, else false. */
export async function readSyncStatus({ db, head }: Pick<ApiDeps, 'db' | 'head'>): Promise<SyncStatus | false> {
  const l1 = await readL1Progress(db)
  if (l1 === undefined || l1.target - l1.position <= BEHIND_BLOCKS) return false
  const current = quantity(head.latest.blockNumber)
  return { startingBlock: '0x0', currentBlock: current, highestBlock: current }
}

const POLL_MS = 2000

type Send = (result: unknown) => void

/**
 * Tells subscribers whether the node is behind L1: at once, and when that changes; while it is, also each change of the
 * status. Nothing is read while nobody listens.
 */
export function followSyncing(deps: Pick<ApiDeps, 'db' | 'head' | 'logger'>) {
  const told = new Map<Send, string>()
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    const status = await readSyncStatus(deps)
    const shown = status === false ? false : { syncing: true, status }
    const text = JSON.stringify(shown)
    for (const [send, last] of told) {
      if (last === text) continue
      told.set(send, text)
      send(shown)
    }
  }

  const lookAgain = () => {
    look().catch((err: unknown) => deps.logger.warn({ err }, 'cannot tell whether the node is behind L1'))
  }
  const close = () => {
    clearInterval(timer)
    timer = undefined
  }
  return {
    add(send: Send) {
      told.set(send, '')
      timer ??= setInterval(lookAgain, POLL_MS).unref()
      lookAgain()
      return () => {
        told.delete(send)
        if (told.size === 0) close()
      }
    },
    close,
  }
}
