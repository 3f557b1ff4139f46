import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit, WorkerTuner } from '@temporalio/worker'

export type SharedSlots = CustomSlotSupplier<ActivitySlotInfo> & { wake: () => void }
type Permit = SlotPermit & { taskQueue: string }

/**
 * Room for activities that workers of several task queues share: while so many run, none of them asks for more. When
 * there is room each waits at its queue for one task, so several may get one at the same moment: what must not run at
 * once has to be limited too.
 * @param size of the room; one that changes is a function, and `wake` is to be called when it grows
 */
export function createSharedSlots(size: number | (() => number)): SharedSlots {
  const room = typeof size === 'number' ? () => size : size
  const waiting = new Set<() => void>()
  /** Queues at which a worker waits for a task. */
  const asking = new Set<string>()
  let used = 0

  const take = (taskQueue: string): Permit | undefined => {
    if (used >= room() || asking.has(taskQueue)) return undefined
    asking.add(taskQueue)
    return { taskQueue }
  }
  const wakeAll = () => {
    for (const wake of [...waiting]) wake()
  }
  return {
    type: 'custom',
    wake: wakeAll,
    async reserveSlot({ taskQueue }, signal) {
      for (;;) {
        const permit = take(taskQueue)
        if (permit !== undefined) return permit
        await untilWoken(waiting, signal)
      }
    },
    tryReserveSlot: ({ taskQueue }) => take(taskQueue) ?? null,
    markSlotUsed({ permit }) {
      asking.delete((permit as Permit).taskQueue)
      used++
      wakeAll()
    },
    releaseSlot({ permit, slotInfo }) {
      if (slotInfo === undefined)
        asking.delete((permit as Permit).taskQueue) // the queue had nothing
      else used--
      wakeAll()
    },
  }
}

function untilWoken(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => () => {
      waiting.delete(wake)
      signal.removeEventListener('abort', leave)
      action()
    }
    const wake = settle(resolve)
    const leave = settle(() => reject(signal.reason))
    if (signal.aborted) return leave()
    waiting.add(wake)
    signal.addEventListener('abort', leave, { once: true })
  })
}

/** Options of a worker for activities alone, in that room. */
export function inSharedSlots(slots: CustomSlotSupplier<ActivitySlotInfo>): { tuner: WorkerTuner } {
  const none = { type: 'fixed-size', numSlots: 1 } as const
  return {
    tuner: {
      activityTaskSlotSupplier: slots,
      ...{ workflowTaskSlotSupplier: none, localActivityTaskSlotSupplier: none, nexusTaskSlotSupplier: none },
    },
  }
}
