/**
 * Works through a list with some workers, each with what `open` gives it. After a failure no item is begun, and it is
 * thrown when the others have ended what they do.
 */
export async function inParallel<Item, Worker>(
  items: readonly Item[],
  workers: number,
  open: () => Promise<Worker>,
  work: (worker: Worker, item: Item, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...items]
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const run = async () => {
    try {
      const worker = await open()
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        either.throwIfAborted()
        await work(worker, item, either)
      }
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(workers, items.length) }, run))
  signal.throwIfAborted()
  if (results.some(({ status }) => status === 'rejected')) throw failed.signal.reason
}
