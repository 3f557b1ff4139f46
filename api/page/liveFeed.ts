import type { Logger } from '#common/logger.ts'

/** HTML by the id of the part of the page it is for. */
export type Parts = Readonly<Record<string, string>>

export type LiveFeed = {
  /** Tells this viewer what changed, all at first. Undefined when there are as many viewers as the process takes. */
  watch: (tell: (parts: Parts) => void) => (() => void) | undefined
  close: () => void
}

const READ_MS = 1000
const MAX_VIEWERS = 200

/** One reading for all viewers, while there are any. */
export function createLiveFeed(read: () => Promise<Parts>, logger: Logger): LiveFeed {
  const viewers = new Set<(parts: Parts) => void>()
  let shown: Parts = {}
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  async function look(): Promise<void> {
    const parts = await read()
    const isNew = ([id, html]: [string, string]) => withoutAges(shown[id] ?? '') !== withoutAges(html)
    const changed = Object.fromEntries(Object.entries(parts).filter(isNew))
    shown = parts
    if (Object.keys(changed).length > 0) for (const tell of viewers) tell(changed)
  }
  async function keepLooking(): Promise<void> {
    try {
      await look()
    } catch (err) {
      logger.warn({ err }, 'cannot read what the status page shows')
    }
    timer = viewers.size === 0 || isClosed ? undefined : setTimeout(() => void keepLooking(), READ_MS)
    if (timer === undefined) shown = {}
  }

  return {
    watch(tell) {
      if (isClosed || viewers.size >= MAX_VIEWERS) return undefined
      viewers.add(tell)
      if (Object.keys(shown).length > 0) tell(shown)
      if (viewers.size === 1 && timer === undefined) {
        timer = setTimeout(() => void keepLooking(), 0)
      }
      return () => void viewers.delete(tell)
    },
    close() {
      isClosed = true
      viewers.clear()
      clearTimeout(timer)
    },
  }
}

/** The page counts them itself. */
const withoutAges = (html: string) => html.replaceAll(/>[^<]*<\/time>/g, '></time>')
