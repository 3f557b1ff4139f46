import { Transform } from 'node:stream'

const PIECE_BYTES = 2 ** 20

/** COPY gives rows one by one; brotli compresses each piece by itself, so small ones would stay as large as they are. */
export function gather(): Transform {
  let [pieces, bytes]: [Buffer[], number] = [[], 0]
  const take = () => {
    const piece = Buffer.concat(pieces)
    ;[pieces, bytes] = [[], 0]
    return piece
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pieces.push(chunk)
      bytes += chunk.length
      if (bytes < PIECE_BYTES) done()
      else done(null, take())
    },
    flush(done) {
      done(null, take())
    },
  })
}
