import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** Names of the pages of docs/runbooks/ that these paths name, and of those that they link to. */
export function pagesReachedFrom(paths: readonly string[]): Set<string> {
  const reached = new Set(paths.map((path) => basename(path)))
  for (const page of reached) {
    // grows while it is read
    const text = readFileSync(new URL(`../docs/runbooks/${page}`, import.meta.url), 'utf8')
    for (const [, linked] of text.matchAll(/\]\(([\w-]+\.md)[^)]*\)/g)) reached.add(linked!)
  }
  return reached
}
