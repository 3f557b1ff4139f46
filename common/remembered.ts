/**
 * The last answer for so long, then a new one. Those who ask meanwhile wait for the same; a failure is told to them and
 * not remembered.
 */
export function remembered<T>(ask: () => Promise<T>, maxAgeMs: number, now: () => number = Date.now): () => Promise<T> {
  let answer: Promise<T> | undefined
  let askedAt = 0
  return () => {
    if (answer !== undefined && now() - askedAt < maxAgeMs) return answer
    askedAt = now()
    const asked = ask()
    answer = asked
    asked.catch(() => {
      if (answer === asked) answer = undefined
    })
    return asked
  }
}
