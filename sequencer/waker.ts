/** A door bell: rings are remembered until somebody waits, any number of them as one. */
export class Waker {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Whether it rang: since the last wait, or within `timeoutMs` from now. An aborted signal ends the wait. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal?.aborted && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          this.#wake = undefined
          resolve()
        }
        const timer = setTimeout(done, timeoutMs)
        signal?.addEventListener('abort', done)
        this.#wake = done
      })
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
