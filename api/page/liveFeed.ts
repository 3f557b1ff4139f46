import type { Logger } from '#common/logger.ts'

/** HTML by the id of the part of the page it is for. */
export type Parts = Readonly<Record<string, string>>

export type Viewer = {
  /** What changed, all at first. */
  tell: (parts: Parts) => void
  /** The process is about to end. */
  end: () => void
}

export type LiveFeed = {
  /** Returns what ends it. Undefined when the caller, or the process, has as many viewers as it may have. */
  watch: (caller: string, viewer: Viewer) => (() => void) | undefined
  close: () => void
}

const READ_MS = 1000
const [MAX_VIEWERS, MAX_OF_CALLER] = [200, 20]

/** One reading for all viewers, while there are any. */
export function createLiveFeed(read: () => Promise<Parts>, logger: Logger): LiveFeed {
  const viewers = new Map<Viewer, string>()
  let shown: Parts = {}
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  async function look(): Promise<void> {
    const parts = await read()
    const isNew = ([id, html]: [string, string]) => withoutAges(shown[id] ?? '') !== withoutAges(html)
    const changed = Object.fromEntries(Object.entries(parts).filter(isNew))
    shown = parts
    if (Object.keys(changed).length > 0) for (const { tell } of viewers.keys()) tell(changed)
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
  const countOf = (caller: string) => [...viewers.values()].filter((each) => each === caller).length

  return {
    watch(caller, viewer) {
      if (isClosed || viewers.size >= MAX_VIEWERS || countOf(caller) >= MAX_OF_CALLER) return undefined
      viewers.set(viewer, caller)
      if (Object.keys(shown).length > 0) viewer.tell(shown)
      if (viewers.size === 1 && timer === undefined) {
        timer = setTimeout(() => void keepLooking(), 0)
      }
      return () => void viewers.delete(viewer)
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      for (const { end } of viewers.keys()) end()
      viewers.clear()
    },
  }
}

/** The page counts them itself. */
const withoutAges = (html: string) => html.replaceAll(/>[^<]*<\/time>/g, '></time>')
