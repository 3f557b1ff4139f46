/** As `read`, but one reading serves all who ask within `maxAgeMs`. A failed one serves those who wait for it alone. */
export function shareReading<T>(read: () => Promise<T>, maxAgeMs: number): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | undefined
  return () => {
    if (last !== undefined && performance.now() - last.at < maxAgeMs) return last.value
    const mine = { at: performance.now(), value: read() }
    last = mine
    mine.value.catch(() => {
      if (last === mine) last = undefined
    })
    return mine.value
  }
}
