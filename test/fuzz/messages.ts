import type { Random } from './random.ts'

const FIELDS = [
  ...['from', 'to', 'gas', 'gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'value', 'data', 'input', 'nonce'],
  ...['address', 'topics', 'fromBlock', 'toBlock', 'blockHash', 'blockNumber', 'requireCanonical', 'tracer'],
  ...['tracerConfig', 'timeout', 'balance', 'code', 'state', 'stateDiff', 'blockStateCalls', 'calls', 'limit'],
  ...['__proto__', 'constructor', 'toString', 'length', ''],
]
const STRANGE: readonly unknown[] = [
  ...[null, true, false, 0, -1, -0, 0.1, 1e308, 2 ** 53, -(2 ** 63), 'latest', 'pending', 'earliest', 'safe'],
  ...['', '0x', '0x0', '0x00', '0X1', '0xg', '0x-1', 'finalized', '\u0000', '\ud800', '🦄', [], {}, [[]], [null]],
]
const MUTATIONS = 3
const MAX_LIST = 5
const MAX_BATCH = 130

/** What clients should not send: nonsense, half-right requests, and right ones with odd arguments. */
export function createMessages(random: Random, methods: readonly string[]): () => string {
  function word(): unknown {
    const digits = random.of([1, 2, 8, 40, 40, 64, 64, 65, 130, 3000])
    return `0x${random.hex(digits)}`
  }

  function value(depth = 0): unknown {
    const kind = random.below(depth > 3 ? 2 : 4)
    if (kind === 0) return random.of(STRANGE)
    if (kind === 1) return word()
    const length = random.below(MAX_LIST)
    if (kind === 2) return Array.from({ length }, () => value(depth + 1))
    return Object.fromEntries(Array.from({ length }, () => [random.of(FIELDS), value(depth + 1)]))
  }

  /** Of the form that most methods want. */
  const likely = () =>
    random.of([
      () => `0x${random.hex(40)}`,
      () => `0x${random.hex(64)}`,
      () => `0x${random.below(4).toString(16)}`,
      () => random.of(['latest', 'pending', 'earliest', 'safe', 'finalized']),
      () => ({ to: `0x${random.hex(40)}`, data: `0x${random.hex(72)}` }),
      () => ({ fromBlock: '0x0', toBlock: 'latest', topics: [[`0x${random.hex(64)}`], null] }),
      () => random.happens(0.5),
      () => [25, 50],
    ])()

  function request(): Record<string, unknown> {
    const length = random.below(MAX_LIST)
    const params = Array.from({ length }, () => (random.happens(0.5) ? likely() : value()))
    const whole = { jsonrpc: '2.0', id: random.below(1000), method: random.of(methods), params }
    if (random.happens(0.7)) return whole
    return { ...whole, [random.of(['jsonrpc', 'id', 'method', 'params', 'extra'])]: value() }
  }

  const nested = (): string => {
    const depth = random.of([60, 63, 64, 65, 100, 5000, 100_000])
    const [open, close] = random.of([
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
    return `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[${open.repeat(depth)}0${close.repeat(depth)}]}`
  }

  const hugeNumber = (): string => {
    const digits = `${1 + random.below(9)}${random.hex(random.of([20, 300, 5000])).replace(/[a-f]/g, '7')}`
    const number = random.of([digits, `-${digits}`, `1e${digits.slice(0, 5)}`, `0.${digits}`])
    return `{"jsonrpc":"2.0","id":${number},"method":"eth_getBalance","params":[${number},${number}]}`
  }

  const longText = (): string =>
    JSON.stringify({ ...request(), [random.of(['method', 'id', 'params'])]: 'x'.repeat(random.of([1e4, 1e5, 1e6])) })

  function altered(): string {
    let text = JSON.stringify(request())
    for (let change = 0; change < MUTATIONS; change += 1) {
      const at = random.below(text.length)
      const piece = random.of(['', '"', '{', ']', '\\u', '\u0000', '€', String.fromCharCode(random.below(256))])
      text = text.slice(0, at) + piece + text.slice(at + random.below(3))
    }
    return text
  }

  const batch = (): string =>
    JSON.stringify(Array.from({ length: random.below(MAX_BATCH) }, () => (random.happens(0.9) ? request() : value())))

  const kinds: readonly (readonly [weight: number, make: () => string])[] = [
    [50, () => JSON.stringify(request())],
    [20, altered],
    [10, () => JSON.stringify(value()) ?? ''],
    [8, hugeNumber],
    [5, nested],
    [5, () => Array.from({ length: random.below(200) }, () => String.fromCharCode(random.below(0x800))).join('')],
    [1, batch],
    [0.2, longText],
  ]
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0)
  return () => {
    let left = random.fraction() * total
    const [, make] = kinds.find(([weight]) => {
      left -= weight
      return left < 0
    })!
    return make()
  }
}
