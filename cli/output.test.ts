import { expect, test, vi } from 'vitest'
import { print } from './output.ts'

function printed(json: boolean): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    print({ feeWei: 10n ** 18n }, () => ['one', 'two'], { json })
    return write.mock.calls.map(([text]) => text).join('')
  } finally {
    write.mockRestore()
  }
}

test('an answer is lines, or one JSON value with amounts as decimal strings', () => {
  expect(printed(false)).toBe('one\ntwo\n')
  expect(printed(true)).toBe('{\n  "feeWei": "1000000000000000000"\n}\n')
})
