/** What a check finds now. `error` is for people; it never holds a secret. */
export type Finding = { ok: boolean; error?: string; [detail: string]: unknown }
/** `since`: when the check was first seen as it is now. `required`: the process is not ready while it fails. */
export type Check = Finding & { required: boolean; since: string }
export type Readiness = { status: 'ready' | 'not ready'; checks: Record<string, Check> }

export interface Health {
  check(): Promise<Readiness>
}

export interface Checks extends Health {
  /** One that is not required is only told: what a process can do without, or what another one has to mend. */
  add(name: string, find: () => Promise<Finding> | Finding, options?: { required?: boolean }): void
}

const CHECK_TIMEOUT_MS = 2000
const LATE: Finding = { ok: false, error: 'no answer in time' }

/** The checks of a process. A check that throws fails without details: they are for its log. */
export function createChecks(timeoutMs = CHECK_TIMEOUT_MS): Checks {
  const finders = new Map<string, { find: () => Promise<Finding> | Finding; required: boolean }>()
  const since = new Map<string, { ok: boolean; at: string }>()

  function date(name: string, ok: boolean): string {
    const known = since.get(name)
    if (known?.ok === ok) return known.at
    const at = new Date().toISOString()
    since.set(name, { ok, at })
    return at
  }

  return {
    add(name, find, { required = true } = {}) {
      finders.set(name, { find, required })
    },
    async check() {
      const entries = [...finders].map(async ([name, { find, required }]): Promise<[string, Check]> => {
        const { ok, ...details } = await inTime(find, timeoutMs)
        return [name, { ok, required, since: date(name, ok), ...details }]
      })
      const checks = Object.fromEntries(await Promise.all(entries))
      const isReady = Object.values(checks).every(({ ok, required }) => ok || !required)
      return { status: isReady ? 'ready' : 'not ready', checks }
    },
  }
}

async function inTime(find: () => Promise<Finding> | Finding, timeoutMs: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, LATE)
  })
  try {
    return await Promise.race([find(), late])
  } catch {
    return { ok: false, error: 'the check itself failed' }
  } finally {
    clearTimeout(timer)
  }
}
