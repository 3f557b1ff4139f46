import { code } from '#executor/testing/memoryState.ts'
import { call } from './callCases.ts'
import { type Draft, hex, type Program, RETURN_MEMORY } from './opcodeCases.ts'

const ZERO = '00'
const log1: Program = ['0c', '20', ZERO, 0xa1]
/** Reverts with Error("no") and Panic(0x11). */
const ERROR_STRING: Program = [
  ...['08c379a0', 'e0', 0x1b, ZERO, 0x52, '20', '04', 0x52, '02', '24', 0x52],
  ...[`6e6f${'00'.repeat(30)}`, '44', 0x52, '64', ZERO, 0xfd],
]
const PANIC: Program = ['4e487b71', 'e0', 0x1b, ZERO, 0x52, '11', '04', 0x52, '24', ZERO, 0xfd]

/** What traces tell apart and effects do not. */
export function traceCases(): Draft[] {
  const reverts = Object.entries({ 'Error(string)': ERROR_STRING, 'Panic(uint256)': PANIC }).flatMap(
    ([reason, program]): Draft[] => [
      { name: `reverts with ${reason}`, program: () => program },
      {
        name: `a call reverts with ${reason}`,
        others: (at) => ({ [at + 1]: { code: code(...program) } }),
        program: (at) => [...call('CALL', { to: hex(at + 1), gas: 0xffff }), 0x50, ...RETURN_MEMORY],
      },
    ],
  )
  const logs: Draft[] = [
    {
      name: 'logs before, between and after calls, one of which fails',
      others: (at) => ({
        [at + 1]: { code: code(...log1, ...call('CALL', { to: hex(at + 2), gas: 0xffff }), 0x50, ...log1) },
        [at + 2]: { code: code(...log1) },
        [at + 3]: { code: code(...log1, ...call('CALL', { to: hex(at + 2), gas: 0xffff }), ZERO, ZERO, 0xfd) },
      }),
      program: (at) => [
        ...[...log1, ...call('CALL', { to: hex(at + 1), gas: 0xfffff }), 0x50],
        ...[...call('CALL', { to: hex(at + 3), gas: 0xfffff }), 0x50, ...log1],
      ],
    },
    {
      name: 'logs of a transaction that fails',
      others: (at) => ({ [at + 1]: { code: code(...log1) } }),
      program: (at) => [...log1, ...call('CALL', { to: hex(at + 1), gas: 0xffff }), ZERO, ZERO, 0xfd],
    },
  ]
  const deep: Draft = {
    name: 'forty frames deep through all kinds of calls',
    gasLimit: 3_000_000n,
    others: (at) => ({ [at + 1]: { code: code(...callNext('CALLCODE', at + 2)) }, [at + 2]: { code: code(...log1) } }),
    program: (at) => [
      // The calldata's first word counts down.
      ...[ZERO, 0x35, 0x80, 0x15, '001e', 0x57, '01', 0x90, 0x03, ZERO, 0x52],
      ...[...call('DELEGATECALL', { to: hex(at), gas: 0xffffff }), 0x50, 0x00],
      ...[0x5b, ...callNext('CALL', at + 1)],
    ],
    data: Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 40 : 0)),
  }
  return [...reverts, ...logs, deep]
}

/** To be compared but for the state and the refund: here an account that sends everything stays. */
export function selfDestructCases(): Draft[] {
  const kinds = ['CALL', 'DELEGATECALL', 'CALLCODE'] as const
  return [
    { name: 'SELFDESTRUCT of 9 wei', account: { balance: 9n }, program: () => ['1234', 0xff] },
    ...kinds.map(
      (kind): Draft => ({
        name: `SELFDESTRUCT in a ${kind}`,
        account: { balance: 9n },
        others: (at) => ({ [at + 1]: { balance: 7n, code: code(hex(at + 2), 0xff) }, [at + 2]: { balance: 1n } }),
        program: (at) => call(kind, { to: hex(at + 1), gas: 0xffff }),
      }),
    ),
  ]
}

function callNext(kind: 'CALL' | 'CALLCODE', to: number): Program {
  return [...call(kind, { to: hex(to), gas: 0xffff }), 0x50]
}
