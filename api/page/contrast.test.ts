import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Of WCAG 2.2: texts (1.4.3), and the edges by which one knows a field or a button (1.4.11). */
const [TEXT, EDGE] = [4.5, 3]

const css = readFileSync(new URL('assets/page.css', import.meta.url), 'utf8')
const colors = ([, block]: RegExpMatchArray) =>
  new Map([...block!.matchAll(/--([\w-]+): #([0-9a-f]{3,6});/g)].map(([, name, hex]) => [name!, hex!]))
const [light, dark] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(colors)

function luminance(hex: string): number {
  const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g)!
  const [red, green, blue] = digits.map((pair) => {
    const share = Number.parseInt(pair, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(one: string, other: string): number {
  const [brighter, darker] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (brighter! + 0.05) / (darker! + 0.05)
}

test('black on white is 21 to 1', () => expect(contrast('000', 'ffffff')).toBeCloseTo(21))

test.each([
  ['text', 'card', TEXT],
  ['text', 'ground', TEXT],
  ['faint', 'card', TEXT],
  ['faint', 'ground', TEXT],
  ['link', 'card', TEXT],
  ['link', 'ground', TEXT],
  ['on-accent', 'accent', TEXT],
  ['good', 'good-ground', TEXT],
  ['busy', 'busy-ground', TEXT],
  ['bad', 'bad-ground', TEXT],
  ['edge', 'card', EDGE],
  ['edge', 'ground', EDGE],
  ['accent', 'card', EDGE],
  ['accent', 'ground', EDGE],
] as const)('%s is seen on %s, in light and dark', (front, back, least) => {
  for (const theme of [light!, dark!])
    expect(contrast(theme.get(front)!, theme.get(back)!)).toBeGreaterThanOrEqual(least)
})

test('fields and buttons have an edge that is seen', () => {
  for (const element of ['input', 'button'])
    expect(new RegExp(`^${element} \\{[^}]*\\}`, 'm').exec(css)?.[0]).toContain('border: 1px solid var(--edge);')
})
