import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ProverKind } from '#prover/types.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

type Options = {
  kind: ProverKind
  /** As the proof store knows it. */
  proverId: string
  /** Script and its arguments. */
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  logFile: string
}

/** A prover that is killed and started again. */
export class ProverProcess {
  readonly kind: ProverKind
  readonly proverId: string
  kills = 0
  /** Milliseconds since 1970; undefined while it is down. */
  startedAt: number | undefined
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
    this.#child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      ...{ cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', log, log] },
    })
    closeSync(log)
    this.startedAt = Date.now()
  }

  /** With SIGKILL: it has no chance to say goodbye. */
  kill(): void {
    if (this.startedAt === undefined) return
    this.kills++
    this.end()
  }

  end(): void {
    this.startedAt = undefined
    this.#child?.kill('SIGKILL')
  }
}
