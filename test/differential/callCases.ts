import { code } from '#executor/testing/memoryState.ts'
import { type Draft, hex, type Program, RETURN_MEMORY } from './opcodeCases.ts'

const ZERO = '00'
const CALLS = { CALL: 0xf1, CALLCODE: 0xf2, DELEGATECALL: 0xf4, STATICCALL: 0xfa }

type CallInput = { to: string; gas: number; value?: number; inputLength?: number; outputLength?: number }

/** One call with 32 bytes of memory as input and output unless told otherwise. */
export function call(kind: keyof typeof CALLS, { to, gas, value = 0, inputLength = 32, outputLength = 32 }: CallInput) {
  const hasValue = kind === 'CALL' || kind === 'CALLCODE'
  const ranges = [hex(outputLength), ZERO, hex(inputLength), ZERO]
  return [...ranges, ...(hasValue ? [hex(value)] : []), to, hex(gas), CALLS[kind]] satisfies Program
}

/** Stores the word on top of the stack, plus one, in slot 0 and returns the last return data. */
export const REPORT: Program = ['01', 0x01, ZERO, 0x55, 0x3d, ZERO, ZERO, 0x3e, ...RETURN_MEMORY]

/** Who is called, by what it does. All are called by a contract at `at`, which is `at + 1` for them. */
const CALLEES: Record<string, Program> = {
  'returns caller, address, value and input': [
    ...[0x33, ZERO, 0x52, 0x30, '20', 0x52, 0x34, '40', 0x52, ZERO, 0x35, '60', 0x52, '80', ZERO, 0xf3],
  ],
  'returns its gas': [0x5a, ZERO, 0x52, '20', ZERO, 0xf3],
  'reverts with data': ['dead', ZERO, 0x52, '05', '1b', 0xfd],
  halts: [0xfe],
  stores: ['07', '03', 0x55],
  'stores and reverts': ['07', '03', 0x55, ZERO, ZERO, 0xfd],
  logs: ['0a', '0b', '20', ZERO, 0xa2],
  'calls its caller': [...call('CALL', { to: '00', gas: 0 }).slice(0, 5), 0x33, '03e8', 0xf1],
}

export function callCases(): Draft[] {
  const drafts: Draft[] = []
  for (const kind of Object.keys(CALLS) as (keyof typeof CALLS)[])
    for (const [does, callee] of Object.entries(CALLEES))
      for (const gas of [0, 2300, 30_000, 0xffffff])
        for (const value of kind === 'CALL' || kind === 'CALLCODE' ? [0, 1, 1000] : [0])
          drafts.push({
            name: `${kind} with ${gas} gas and ${value} wei: ${does}`,
            account: { balance: 10n },
            others: (at) => ({ [at + 1]: { code: code(...callee) } }),
            program: (at) => ['c0ffee', ZERO, 0x52, ...call(kind, { to: hex(at + 1), gas, value }), ...REPORT],
          })
  return drafts
}

/** Calls of accounts without code, in static frames, into oneself, and beyond the gas there is. */
export function callCornerCases(): Draft[] {
  const kinds = Object.keys(CALLS) as (keyof typeof CALLS)[]
  const noCode = kinds.flatMap((kind) =>
    [0, 1].flatMap((value) =>
      [0n, 5n].map((balance) => ({
        name: `${kind} of an account of ${balance} wei with ${value} wei`,
        account: { balance: 10n },
        others: (at: number) => ({ [at + 1]: { balance } }),
        program: (at: number) => [
          ...call(kind, { to: hex(at + 1), gas: 5000, value }),
          ...call(kind, { to: hex(at + 1), gas: 5000, value }),
          ...REPORT,
        ],
      })),
    ),
  )
  const writes: Record<string, Program> = {
    SSTORE: ['01', ZERO, 0x55],
    ...Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`LOG${n}`, [...Array<string>(n + 2).fill(ZERO), 0xa0 + n]])),
    CREATE: [ZERO, ZERO, ZERO, 0xf0],
    CREATE2: [ZERO, ZERO, ZERO, ZERO, 0xf5],
    SELFDESTRUCT: [ZERO, 0xff],
    'CALL with value': call('CALL', { to: '1234', gas: 0, value: 1 }),
    'CALL without value': call('CALL', { to: '1234', gas: 0 }),
    'CALLCODE with value': call('CALLCODE', { to: '1234', gas: 0, value: 1 }),
    SLOAD: ['07', 0x54],
  }
  const inStatic = Object.entries(writes).flatMap(([name, program]) =>
    (['DELEGATECALL', 'CALL'] as const).map((through) => ({
      name: `${name} in a static frame through ${through}`,
      others: (at: number) => ({
        [at + 1]: { code: code(...call(through, { to: hex(at + 2), gas: 0xffff }), ...REPORT.slice(4)), balance: 9n },
        [at + 2]: { code: code(...program), balance: 9n },
      }),
      program: (at: number) => [...call('STATICCALL', { to: hex(at + 1), gas: 0xfffff }), ...REPORT],
    })),
  )
  const recursion = kinds.map((kind) => ({
    name: `${kind} of oneself until the gas is gone`,
    gasLimit: 3_000_000n,
    program: (at: number) => [...call(kind, { to: hex(at), gas: 0xffffff }), 0x5a, ZERO, 0x52, '20', ZERO, 0xf3],
  }))
  const tight = [100, 700, 2600, 2700, 9000, 11_600, 36_600, 60_000].map((gas) => ({
    name: `CALL of a new account with value and ${gas} gas left`,
    account: { balance: 10n },
    gasLimit: BigInt(21_000 + 21 + gas),
    program: (at: number) => call('CALL', { to: hex(at + 1), gas: 0xffffff, value: 1 }),
  }))
  const returnData = [
    ['RETURNDATACOPY inside', '20', ZERO],
    ['RETURNDATACOPY past the end', '20', '01'],
    ['RETURNDATACOPY of nothing at the end', ZERO, '20'],
    ['RETURNDATACOPY of nothing past the end', ZERO, '21'],
    ['RETURNDATACOPY far past the end', '01', 'ff'.repeat(32)],
  ].map(([name, length, source]) => ({
    name: name!,
    others: (at: number) => ({ [at + 1]: { code: code(...CALLEES['returns its gas']!) } }),
    program: (at: number) => [
      ...call('CALL', { to: hex(at + 1), gas: 5000 }),
      ...[length!, source!, '40', 0x3e, ...RETURN_MEMORY],
    ],
  }))
  const outputs = [0, 1, 31, 33, 200].map((outputLength) => ({
    name: `output of 32 bytes into ${outputLength}`,
    others: (at: number) => ({ [at + 1]: { code: code(...CALLEES['returns its gas']!) } }),
    program: (at: number) => [
      ...['ff'.repeat(32), ZERO, 0x52, ...call('CALL', { to: hex(at + 1), gas: 5000, outputLength })],
      ...RETURN_MEMORY,
    ],
  }))
  return [...noCode, ...inStatic, ...recursion, ...tight, ...returnData, ...outputs]
}
