import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TransferKind } from '../transfers.ts'
import type { LoadOptions, LoadResult } from './load.ts'
import type { LoadRequest } from './loadMain.ts'

/** The load in a process of its own, so that its CPU time is told apart. */
export class LoadProcess {
  readonly #child: ChildProcess

  private constructor() {
    const main = fileURLToPath(new URL('./loadMain.ts', import.meta.url))
    this.#child = fork(main, { execArgv: ['--import', 'tsx'] })
  }

  /** Senders are rich and the token is there when it resolves. */
  static async start(options: LoadOptions): Promise<LoadProcess> {
    const load = new LoadProcess()
    await load.#ask({ kind: 'prepare', options })
    return load
  }

  async sign(transfers: TransferKind): Promise<void> {
    await this.#ask({ kind: 'sign', transfers })
  }

  async send(): Promise<LoadResult & { loadCpuSeconds: number }> {
    return (await this.#ask({ kind: 'send' })) as LoadResult & { loadCpuSeconds: number }
  }

  async #ask(request: LoadRequest): Promise<unknown> {
    this.#child.send(request)
    const ended = once(this.#child, 'exit').then(() => [{ error: 'The process of the load ended.' }])
    const [answer] = (await Promise.race([once(this.#child, 'message'), ended])) as [
      { value?: unknown; error?: string },
    ]
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.value
  }

  stop(): void {
    this.#child.kill()
  }
}
