import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Guardian, startGuardian } from '#devnet/guardian.ts'
import type { ProverKind } from '#prover/types.ts'

/** Ends the provers when this process ends, in whatever way. */
let guardian: Guardian | undefined

const root = fileURLToPath(new URL('../..', import.meta.url))

type Options = {
  kind: ProverKind
  /** As the proof store knows it. */
  proverId: string
  /** Script and its arguments, for the life of this number, from 0. */
  args: (life: number) => readonly string[]
  env?: NodeJS.ProcessEnv
  logFile: string
}

/** A prover that is killed and started again. */
export class ProverProcess {
  readonly kind: ProverKind
  readonly proverId: string
  kills = 0
  /**
   * Milliseconds since 1970: a connection from before is not one any more. Undefined while the process is down.
   */
  freshSince: number | undefined
  readonly #options: Options
  #child: ChildProcess | undefined

  constructor(options: Options) {
    this.kind = options.kind
    this.proverId = options.proverId
    this.#options = options
  }

  start(): void {
    const { args, env, logFile } = this.#options
    const log = openSync(logFile, 'a')
    this.#child = spawn(process.execPath, ['--import', 'tsx', ...args(this.kills)], {
      ...{ cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', log, log], detached: true },
    })
    guardian ??= startGuardian()
    guardian.watch(this.#child.pid!, 'SIGTERM')
    closeSync(log)
    this.freshSince = Date.now()
  }

  /** With SIGKILL: it has no chance to say goodbye. */
  kill(): void {
    if (this.freshSince === undefined) return
    this.kills++
    this.end()
  }

  /** What it was connected to is gone. */
  cutOff(): void {
    if (this.freshSince !== undefined) this.freshSince = Date.now()
  }

  end(): void {
    this.freshSince = undefined
    if (this.#child === undefined) return
    guardian?.release(this.#child.pid!)
    this.#child.kill('SIGKILL')
    this.#child = undefined
  }
}
