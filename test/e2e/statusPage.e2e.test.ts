import { AbiCoder, concat, Wallet } from 'ethers'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { obtainChromium } from '#test/chromium.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const
const FRESH = `0x${'f1'.repeat(20)}`
let net: TestNetwork
let browser: Browser
/** Of every page that was opened. */
const faults: string[] = []

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: await obtainChromium(), args: ['--no-sandbox'] })
  net = await startTestNetwork({ options: { sequencer: { batchMaxMs: 2000 } } })
})
afterAll(async () => {
  await browser?.close()
  await net?.remove()
})

type Look = { size?: keyof typeof SIZES; colorScheme?: 'light' | 'dark' }

async function open(path: string, { size = 'desktop', colorScheme = 'light' }: Look = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: SIZES[size], colorScheme })
  page.on('pageerror', (error) => faults.push(`${path}: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${path}: ${message.text()}`)
  })
  await page.goto(`${net.network.rpcUrl}${path}`)
  return page
}

const rpc = <T>(method: string, ...params: unknown[]) => call<T>(net.network.rpcUrl, method, params)

async function send(): Promise<Hex> {
  const { address, privateKey } = net.network.accounts[2]!
  const nonce = Number(await rpc<Hex>('eth_getTransactionCount', address, 'pending'))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  const fields = { type: 0, chainId: net.network.chainId, nonce, gasPrice, gasLimit: 21_000, to: address, value: 1n }
  return await rpc<Hex>('eth_sendRawTransaction', await new Wallet(privateKey).signTransaction(fields))
}

test('a transaction and its batch go through their states while one looks', async () => {
  const page = await open('/')
  await page.getByText('live', { exact: true }).waitFor()
  await page.locator('#pipeline a[href="/batch/1"]').first().focus()
  const hash = await send()
  await page.locator(`#transactions a[href="/tx/${hash}"]`).waitFor({ timeout: 20_000 })
  await until(async () => (await rpc('eth_getTransactionReceipt', hash)) !== null, 20_000)
  const { blockNumber } = await rpc<{ blockNumber: Hex }>('eth_getTransactionReceipt', hash)
  const batch = Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', blockNumber))
  const row = page.locator(`.batch[data-batch="${batch}"]`)
  const seen = new Set<string>()
  await until(async () => {
    seen.add((await row.getAttribute('data-state')) ?? '')
    return seen.has('verified') || seen.has('finalized')
  }, 60_000)
  expect(seen).toContain('collecting')
  expect(await page.evaluate('document.activeElement.getAttribute("href")')).toBe('/batch/1')
  const workflow = await row.getByText('workflow').getAttribute('href')
  const { temporalUiUrl, temporalNamespace } = net.network
  expect(workflow).toBe(`${temporalUiUrl}/namespaces/${temporalNamespace}/workflows/batch-${batch}`)
  await row.getByText('verification').click()
  await page.waitForURL(`**/batch/${batch}#verification`)
  const verifiedIn = await rpc<{ verifyBatchTxHash: Hex }>('zkevm_getBatchByNumber', `0x${batch.toString(16)}`)
  expect(await page.locator('#verification').textContent()).toContain(verifiedIn.verifyBatchTxHash)
  await page.close()
})

test('the faucet pays, and shows the transaction', async () => {
  const page = await open('/')
  await page.getByPlaceholder('Your address, 0x…').fill(FRESH)
  await page.getByRole('button', { name: 'Get 10 ETH' }).click()
  await page.waitForURL('**/tx/0x*')
  await until(async () => BigInt(await rpc<Hex>('eth_getBalance', FRESH, 'latest')) === 10n ** 19n, 20_000)
  await page.goto(`${net.network.rpcUrl}/search?q=${FRESH}`)
  expect(await page.locator('main').textContent()).toContain('10 ETH')
  await page.close()
  const body = new URLSearchParams({ address: FRESH })
  const headers = { origin: 'https://elsewhere.example' }
  expect((await fetch(`${net.network.rpcUrl}/faucet`, { method: 'POST', body, headers })).status).toBe(403)
})

test('without JavaScript the search and the faucet are forms, and the page is as of now', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(net.network.rpcUrl)
  await page.getByText('as of now', { exact: true }).waitFor()
  await page.getByPlaceholder('Your address, 0x…').fill(FRESH)
  await page.getByRole('button', { name: 'Get 10 ETH' }).click()
  await page.waitForURL('**/tx/0x*')
  await page.getByRole('textbox', { name: 'Search' }).fill('batch 1')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/batch/1')
  await context.close()
})

test('what a contract reverts with is told', async () => {
  const { address, privateKey } = net.network.accounts[3]!
  const reason = AbiCoder.defaultAbiCoder().encode(['string'], ['no <more> tokens'])
  const message = concat(['0x08c379a0', reason])
  const revertWith = '0x606480600b6000396000fd' // copies what follows it, and reverts with that
  const nonce = Number(await rpc<Hex>('eth_getTransactionCount', address, 'pending'))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  const fields = { type: 0, chainId: net.network.chainId, nonce, gasPrice, gasLimit: 200_000 }
  const signed = await new Wallet(privateKey).signTransaction({ ...fields, data: concat([revertWith, message]) })
  const hash = await rpc<Hex>('eth_sendRawTransaction', signed)
  await until(async () => (await rpc('eth_getTransactionReceipt', hash)) !== null, 20_000)
  const page = await open(`/tx/${hash}`)
  expect(await page.locator('.failure').textContent()).toBe('Reverted: no <more> tokens')
  await page.close()
})

test('the wallet is asked to add this network', async () => {
  const page = await browser.newPage()
  await page.addInitScript(() => {
    const asked: unknown[] = []
    Object.assign(globalThis, { asked, ethereum: { request: async (request: unknown) => asked.push(request) } })
  })
  await page.goto(net.network.rpcUrl)
  await page.getByRole('button', { name: 'Add to wallet' }).click()
  await page.getByText('The wallet has the network.').waitFor()
  const [request] = await page.evaluate(() => (globalThis as unknown as { asked: unknown[] }).asked)
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 }
  const { chainId, rpcUrl } = net.network
  const chain = { chainId: `0x${chainId.toString(16)}`, chainName: 'zknode-local', nativeCurrency, rpcUrls: [rpcUrl] }
  expect(request).toEqual({ method: 'wallet_addEthereumChain', params: [chain] })
  await page.close()
})

test('every page fits its window, in light and dark, without a fault', async () => {
  const hash = await send()
  await until(async () => (await rpc('eth_getTransactionReceipt', hash)) !== null, 20_000)
  const { blockNumber } = await rpc<{ blockNumber: Hex }>('eth_getTransactionReceipt', hash)
  const block = `/block/${Number(blockNumber)}`
  const paths = ['/', `/tx/${hash}`, block, `/address/${net.network.accounts[2]!.address}`, '/batch/1']
  const grounds = new Set<string>()
  for (const size of ['desktop', 'phone'] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const path of paths) {
        const page = await open(path, { size, colorScheme })
        const width = await page.evaluate<number>('document.documentElement.scrollWidth')
        expect(width, `${path} on a ${size}`).toBeLessThanOrEqual(SIZES[size].width)
        grounds.add(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'))
        const picture = process.env['ZKNODE_PICTURES']
        const name = `${path.split('/')[1] || 'home'}-${size}-${colorScheme}.png`
        if (picture !== undefined) await page.screenshot({ path: `${picture}/${name}`, fullPage: true })
        await page.close()
      }
  expect(grounds.size).toBe(2)
  expect(faults).toEqual([])
})
