import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { decodeBatchL2Data } from './batchL2Data.ts'
import { blockHash, EMPTY_UNCLES_HASH, type Log, logsBloom, receiptsRoot, transactionsRoot } from './l2Block.ts'
import { EMPTY_TRIE_ROOT, listTrieRoot } from './listTrie.ts'
import { Address, BlockNumber, Hash, ZERO_HASH } from './primitives.ts'
import { encodeRawTransaction } from './transaction.ts'
import { WORKED_BATCH } from './workedBatch.fixture.ts'

const word = (end: string) => `0x${end.padStart(64, '0')}`
const log: Log = {
  address: Address('0x73b647cba2fe75ba05b8e12ef8f8d6327d6367bf'),
  topics: [Hash(word('07'))],
  data: hexToBytes(word('2a')),
}
const receipts = [
  { status: 1, cumulativeGasUsed: 21000n, logs: [] },
  { status: 1, cumulativeGasUsed: 78884n, logs: [] },
  { status: 1, cumulativeGasUsed: 123055n, logs: [log] },
] as const

describe('block 1 of the worked batch', () => {
  const raw = decodeBatchL2Data(WORKED_BATCH, { forkId: 9, forced: false })
    .slice(1, 4)
    .map((item) => (item.kind === 'transaction' ? encodeRawTransaction(item.transaction) : new Uint8Array()))
  const header = {
    number: BlockNumber(1),
    parentHash: ZERO_HASH,
    coinbase: Address('0x00000000000000000000000000000000000000ee'),
    stateRoot: Hash('0xf759a3d3afa6720e942f1b9fa9d3004df7ff127c9835b33a9656aa88d2b1f442'),
    transactionsRoot: transactionsRoot(raw),
    receiptsRoot: receiptsRoot(receipts),
    logsBloom: logsBloom([log]),
    gasLimit: 2n ** 50n,
    gasUsed: 123055n,
    timestamp: 1_700_000_000,
  }

  test('has the roots of go-ethereum over receipts with empty blooms', () => {
    expect(header.transactionsRoot).toBe('0x8633932f8d4bd1a3ea20e5fbd97e121e3089cde0a20b39b21e833de8bbbccea4')
    expect(header.receiptsRoot).toBe('0x77a57344e635c395533a8eced3e83d82d98296ac26bcb50e91768f6519e69f07')
  })

  test('has the hash of go-ethereum', () => {
    expect(blockHash(header)).toBe('0x789198dce06c9d409a26a22c2e6d1955ea6a0abf8e6391a1a90711deefb45bcd')
  })

  test.each(['number', 'gasLimit', 'gasUsed', 'timestamp'] as const)('changes its hash with %s', (field) => {
    const changed = typeof header[field] === 'bigint' ? header[field] + 1n : Number(header[field]) + 1
    expect(blockHash({ ...header, [field]: changed })).not.toBe(blockHash(header))
  })
})

test('a state root in place of the status changes the receipts root', () => {
  const [first] = receipts
  const withPostState = receiptsRoot([{ ...first, postState: ZERO_HASH }])
  expect(new Set([withPostState, receiptsRoot([first]), receiptsRoot([{ ...first, status: 0 }])]).size).toBe(3)
})

test('a bloom sets three bits for each address and topic', () => {
  const bits = (bloom: Uint8Array) =>
    [...bloom].reduce((count, byte) => count + byte.toString(2).split('1').length - 1, 0)
  expect(bits(logsBloom([]))).toBe(0)
  // keccak(address of zeros) begins 5380 c7b7 ae81: bits 0x380, 0x7b7, 0x681.
  const zero = logsBloom([{ address: Address(`0x${'00'.repeat(20)}`), topics: [], data: new Uint8Array() }])
  const expected = new Uint8Array(256)
  for (const bit of [0x380, 0x7b7, 0x681]) expected[255 - (bit >> 3)]! |= 1 << (bit & 7)
  expect(bytesToHex(zero)).toBe(bytesToHex(expected))
  expect(bits(logsBloom([log]))).toBe(6)
})

describe('the trie of a list', () => {
  test('has the known roots when empty', () => {
    expect(EMPTY_TRIE_ROOT).toBe('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
    expect(listTrieRoot([])).toBe(EMPTY_TRIE_ROOT)
    expect(EMPTY_UNCLES_HASH).toBe('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347')
  })

  // Roots computed with @ethereumjs/mpt; values of 1 to 120 bytes, so that short nodes stand in their parents.
  test.each([
    [1, '0xac92bc8d02906a87a573c32c72bb427036f0e43d7a7375c5c491ebba064add15'],
    [2, '0x26aadd1c0e23596ded3c2b506e200b24dbc529dd83f429151e652f1c2fd26d88'],
    [3, '0x013f7392f8a54986e40079405a82b4ccd2019ccb9fd8f3d6d7fc889e8be0b844'],
    [15, '0xd1e3ea117ee5b6be6daa00459cc5dbab7d2eaed85c52fb8944906300070d7af5'],
    [16, '0xe384b789f87bdf1b56b7249645e53708906060f8024da473c22b20e699fe1907'],
    [17, '0x3c25d5f277de1253bf07c213c872685d6db9d58894c9ac0027f6ef05cbd1e397'],
    [127, '0x347285e8b6d563b3aba2912cab1a895f801b1b15a3baf84dc3a2f37fb4ca5435'],
    [128, '0x7fab2dae9ee16ec0738b84089dae87d430faf9e52a67b203367f1db61689cae4'],
    [129, '0x13ce062f3702cdd8ed47e9bf852217919a054583966d2ab0a9d1436ef036b336'],
    [256, '0xef6641568832e641b5cf3e04eab73fd03af360e861f0571484d27f381705d166'],
    [300, '0x9abdc8e4e9294c1e5bea681946c9e72ce1df68f88c8b8d441517a4ed0b91d810'],
  ])('of %i values has the root of Ethereum', (count, root) => {
    const values = Array.from({ length: count }, (_, i) => new Uint8Array(1 + ((i * 7) % 120)).fill(i % 256 || 1))
    expect(listTrieRoot(values)).toBe(root)
  })
})
