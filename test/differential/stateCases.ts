import { code } from '#executor/testing/memoryState.ts'
import { call, REPORT } from './callCases.ts'
import { type Draft, hex, type Program, RETURN_MEMORY, RETURN_WORD, word } from './opcodeCases.ts'

const ZERO = '00'

/** Every original value, first and second new value out of three, on a cold and on a warm slot; then out of gas. */
export function storageCases(): Draft[] {
  const values = [0, 1, 2]
  const matrix = values.flatMap((original) =>
    values.flatMap((first) =>
      values.flatMap((second) =>
        [false, true].map((warm) => ({
          name: `SSTORE ${original} → ${first} → ${second}${warm ? ', warm' : ''}`,
          account: { storage: { '9': BigInt(original) } },
          clearedSlots: original !== 0 && second === 0 ? 1 : 0,
          program: () => [...(warm ? ['09', 0x54, 0x50] : []), hex(first), '09', 0x55, hex(second), '09', 0x55],
        })),
      ),
    ),
  )
  // A frame that reverts after it cleared a slot takes its refund with it; one that returns does not.
  const nested = [0xfd, 0xf3].flatMap((end) =>
    (['CALL', 'DELEGATECALL'] as const).map((kind) => ({
      name: `a refund of a ${kind} that ends with 0x${hex(end)}`,
      account: { storage: { '9': 1n, '8': 1n } },
      clearedSlots: end === 0xf3 ? 2 : 1,
      others: (at: number) => ({
        [at + 1]: { code: code(ZERO, '09', 0x55, ZERO, ZERO, end), storage: { '9': 1n } },
      }),
      program: (at: number) => [...call(kind, { to: hex(at + 1), gas: 50_000 }), ZERO, '08', 0x55, ...REPORT],
    })),
  )
  const stipend = [2300, 2301, 5000, 22_099, 22_100].map((gas) => ({
    name: `SSTORE with ${gas} gas left`,
    gasLimit: BigInt(21_006 + gas),
    program: () => ['01', '09', 0x55],
  }))
  const loads = [ZERO, '09', word(-1n)].map((slot) => ({
    name: `SLOAD ${slot}, cold and warm`,
    account: { storage: { '9': 2n ** 255n } },
    program: () => [slot, 0x54, slot, 0x54, 0x01, ...RETURN_WORD],
  }))
  return [...matrix, ...nested, ...stipend, ...loads]
}

/** Questions about other accounts, asked twice: cold, then warm. EXTCODEHASH differs by rule, its gas does not. */
export function accountCases(): Draft[] {
  const queries: Record<string, Program> = {
    BALANCE: [0x31],
    EXTCODESIZE: [0x3b],
    'EXTCODEHASH, its cost': [0x3f, 0x50, ZERO],
  }
  const targets: Record<string, (at: number) => string> = {
    'an account with code': (at) => hex(at + 1),
    'an account with balance': (at) => hex(at + 2),
    'no account': (at) => hex(at + 3),
    itself: (at) => hex(at),
    'a precompile': () => '02',
    'an address with bits above': (at) => `ff${(at + 1).toString(16).padStart(62, '0')}`,
  }
  const others = (at: number) => ({
    [at + 1]: { code: code('2a', ...RETURN_WORD), balance: 3n },
    [at + 2]: { balance: 2n ** 90n },
  })
  const asked = Object.entries(targets).flatMap(([who, target]) => [
    ...Object.entries(queries).map(([name, query]) => ({
      name: `${name} of ${who}`,
      account: { balance: 8n },
      others,
      program: (at: number) => [target(at), ...query, target(at), ...query, 0x01, ...RETURN_WORD],
    })),
    ...[ZERO, '05', 'ff'.repeat(32)].map((source) => ({
      name: `EXTCODECOPY of ${who} from ${source}`,
      others,
      program: (at: number) => {
        const copy = ['21', source, '02', target(at), 0x3c]
        return [...copy, ...copy, ...RETURN_MEMORY]
      },
    })),
  ])
  const coinbase = { name: 'BALANCE of the coinbase is cold', program: () => [0x41, 0x31, 0x41, 0x31, 0x50, 0x50] }
  return [...asked, coinbase]
}

export function logCases(): Draft[] {
  return [0, 1, 2, 3, 4].flatMap((topics) =>
    [0, 1, 32, 77].map((length) => ({
      name: `LOG${topics} of ${length} bytes`,
      program: () => {
        const words = Array.from({ length: topics }, (_, index) => word(-BigInt(index) - 1n))
        return [word(-3n), '10', 0x52, ...words, hex(length), '05', 0xa0 + topics, ...words, '01', ZERO, 0xa0 + topics]
      },
    })),
  )
}
