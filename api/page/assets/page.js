// Ages, live parts, copying and the wallet. Every page works without it.
const duration = (seconds) => {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`
}

function showAges() {
  const now = Date.now() / 1000
  for (const element of document.querySelectorAll('time[data-at]'))
    element.textContent = duration(now - Number(element.dataset.at))
}
setInterval(showAges, 1000)

const live = document.querySelector('[data-live]')
if (live) {
  const say = (state, text) => {
    live.dataset.state = state
    live.textContent = text
  }
  const connect = () => {
    const events = new EventSource(live.dataset.live)
    events.addEventListener('open', () => say('on', 'live'))
    events.addEventListener('error', () => {
      say('off', 'reconnecting')
      // The browser tries again by itself, unless the node refused.
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, 10_000)
    })
    events.addEventListener('parts', (event) => {
      for (const [id, html] of Object.entries(JSON.parse(event.data))) replace(document.getElementById(id), html)
      showAges()
    })
  }
  connect()
}

/** Whoever is at a link, or has scrolled, stays there. */
function replace(part, html) {
  const href = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
  const scrolled = part.querySelector('.scroll')?.scrollLeft ?? 0
  part.innerHTML = html
  if (scrolled > 0) part.querySelector('.scroll').scrollLeft = scrolled
  if (href !== null) part.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true })
}

// Without scripts, and over plain http from elsewhere, there is no clipboard, and no button for it.
if (navigator.clipboard) document.documentElement.classList.add('copies')
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  await navigator.clipboard.writeText(button.dataset.copy)
  button.classList.add('copied')
  setTimeout(() => button.classList.remove('copied'), 1200)
})

const add = document.querySelector('[data-add-network]')
if (add) {
  const network = JSON.parse(add.dataset.addNetwork)
  const note = document.querySelector('[data-wallet-note]')
  for (const element of document.querySelectorAll('[data-rpc-url]')) element.textContent = location.origin
  add.hidden = false
  add.addEventListener('click', async () => {
    if (!window.ethereum) {
      note.textContent = 'No wallet answers in this browser: add the network there by URL and chain id.'
      return
    }
    try {
      const params = [{ ...network, rpcUrls: [location.origin] }]
      await window.ethereum.request({ method: 'wallet_addEthereumChain', params })
      note.textContent = 'The wallet has the network.'
    } catch (error) {
      note.textContent = `The wallet says: ${error.message}`
    }
  })
}
