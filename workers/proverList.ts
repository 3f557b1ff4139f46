import type { Logger } from '#common/logger.ts'
import type { Queryable } from '#db/client.ts'
import { addFailed, addProved, markGone, upsertProver } from '#db/provers.ts'
import type { ProverView } from '#prover/remote/poolEntry.ts'

/** What the proof store is told of the provers that dialled in: of each the newest, however fast it changes. */
export function createProverList(db: Queryable, logger: Logger) {
  const newest = new Map<string, ProverView>()
  const told = new Map<string, { proved: number; failed: number }>()
  let writing: Promise<void> | undefined

  async function writeAll(): Promise<void> {
    for (let [view] = newest.values(); view !== undefined; [view] = newest.values()) {
      newest.delete(view.proverId)
      await write(view).catch((err) => logger.warn({ err }, 'the proof store does not hear of the remote provers'))
    }
    writing = undefined
  }

  async function write(view: ProverView): Promise<void> {
    const { proverId, state, proved, failed } = view
    if (state === 'gone') await markGone(db, proverId, view.reason)
    else
      await upsertProver(db, {
        ...{ ...view, state },
        asideUntil: view.asideUntil === undefined ? undefined : new Date(view.asideUntil),
        connectedAt: new Date(view.connectedAt),
      })
    const before = told.get(proverId) ?? { proved: 0, failed: 0 }
    told.set(proverId, { proved, failed })
    for (let count = before.proved; count < proved; count++) await addProved(db, proverId)
    for (let count = before.failed; count < failed; count++) await addFailed(db, proverId)
  }

  return {
    note(view: ProverView): void {
      newest.set(view.proverId, view)
      writing ??= Promise.resolve().then(writeAll)
    },
    /** Waits until everything is written. */
    async close(): Promise<void> {
      await writing
    },
  }
}
