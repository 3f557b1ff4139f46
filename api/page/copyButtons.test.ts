import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

const read = (name: string) => readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8')

/** Classes that the script gives the page in such a browser. */
function classesIn(navigator: object): string[] {
  const classes: string[] = []
  const document = {
    documentElement: { classList: { add: (name: string) => classes.push(name) } },
    querySelector: () => null,
    addEventListener() {},
  }
  runInNewContext(read('page.js'), { document, navigator, setInterval() {} })
  return classes
}

test('there are buttons to copy only where there is a clipboard', () => {
  expect(read('page.css')).toContain('html:not(.copies) .copy {\n  display: none;\n}')
  expect(classesIn({ clipboard: {} })).toEqual(['copies'])
  expect(classesIn({})).toEqual([])
})
