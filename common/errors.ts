type Options = { cause?: unknown; facts?: Readonly<Record<string, string | number | bigint | null>>; docs?: string }

/**
 * Root of every error thrown on purpose. `shortMessage` is one sentence for people (all that an RPC caller sees),
 * `message` adds the facts, `docs` is the runbook when an operator can act. Subclasses override `name` with a literal:
 * Temporal makes it the failure type that retry policies match.
 */
export class NodeError extends Error {
  override readonly name: string = 'NodeError'
  readonly shortMessage: string
  readonly docs: string | undefined

  constructor(shortMessage: string, { cause, facts = {}, docs }: Options = {}) {
    const details = Object.entries(facts).map(([key, value]) => `${key}=${value}`)
    super([shortMessage, ...details].join(' '), cause === undefined ? {} : { cause })
    this.shortMessage = shortMessage
    this.docs = docs
  }
}

/** Asked for in a way that cannot work. Commands end with exit code 2 for it. */
export class UsageError extends NodeError {
  override readonly name: string = 'UsageError'
}
