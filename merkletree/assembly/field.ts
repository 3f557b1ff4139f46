/**
 * AssemblyScript of the arithmetic modulo p = 2^64 - 2^32 + 1, in two forms:
 *
 * - A scalar is any u64 congruent to the element; `canonical` makes it unique. 2^64 ≡ 2^32 - 1 (EPSILON) and
 *   2^96 ≡ -1 (mod p), so a 128-bit product is its low half + EPSILON times its third quarter - its last quarter.
 * - A split lane is a vector of two u64, low and high, that stands for low + 2^32 high. Sums of small multiples need
 *   no reduction as long as neither part overflows.
 *
 * WebAssembly multiplies vectors of 32-bit numbers only, so `product` puts together two 64-bit products at a time.
 */
export const FIELD = `
const EPSILON: u64 = 0xffffffff;
const P: u64 = 0xffffffff00000001;

@inline function multiply(a: u64, b: u64): u64 {
  const a0 = a & EPSILON, a1 = a >> 32, b0 = b & EPSILON, b1 = b >> 32;
  const m = a1 * b0 + ((a0 * b0) >> 32);
  const n = a0 * b1 + (m & EPSILON);
  const low = a * b;
  const high = a1 * b1 + (m >> 32) + (n >> 32);
  let t = low - (high >> 32);
  t = select<u64>(t - EPSILON, t, t > low);
  const r = t + (high & EPSILON) * EPSILON;
  return select<u64>(r + EPSILON, r, r < t);
}
@inline function sbox(x: u64): u64 {
  const x2 = multiply(x, x);
  return multiply(multiply(x2, x), multiply(x2, x2));
}
@inline function canonical(x: u64): u64 {
  return x >= P ? x - P : x;
}
@inline function split(x: u64): v128 {
  return i64x2.extend_low_i32x4_u(i64x2.splat(x));
}
@inline function join(lane: v128): u64 {
  const low: u64 = i64x2.extract_lane(lane, 0), high: u64 = i64x2.extract_lane(lane, 1);
  let r = low + (high << 32);
  r = select<u64>(r + EPSILON, r, r < low);
  const s = r + (high >> 32) * EPSILON;
  return select<u64>(s + EPSILON, s, s < r);
}
// Both parts below 2^57 to both parts below 2^34: (low, high) + (1, -1 + 2^32), which is p, and (2^32, -1), which is 0.
@inline function shrink(lane: v128): v128 {
  const kept = v128.and(lane, i64x2.splat(EPSILON));
  const carries = i64x2.shr_u(lane, 32);
  const crossed = v128.shuffle<u64>(carries, carries, 1, 0);
  // low: kept - carry of high; high: kept + carry of low + carry of high.
  const negated = v128.xor(crossed, i64x2(-1, 0));
  const rest = i64x2.add(v128.and(carries, i64x2(0, -1)), i64x2(0x100000002, 0xfffffffe));
  return i64x2.add(i64x2.add(kept, negated), rest);
}

// EPSILON for each u64 of a that is greater than that of b, both with their highest bit flipped.
@inline function epsilonWhereGreater(a: v128, b: v128): v128 {
  return i64x2.shr_u(i64x2.gt_s(a, b), 32);
}
// Two split lanes, both parts below 2^57, to two u64.
@inline function joinTwo(a: v128, b: v128): v128 {
  const SIGN = i64x2.splat(0x8000000000000000);
  const low = v128.shuffle<u64>(a, b, 0, 2);
  const high = i64x2.add(v128.shuffle<u64>(a, b, 1, 3), i64x2.shr_u(low, 32));
  const carry = i64x2.shr_u(high, 32);
  const t = v128.xor(v128.shuffle<u32>(low, i64x2.shl(high, 32), 0, 5, 2, 7), SIGN);
  const r = i64x2.add(t, i64x2.sub(i64x2.shl(carry, 32), carry));
  return v128.xor(i64x2.add(r, epsilonWhereGreater(t, r)), SIGN);
}
// Two products from those of the halves of their factors.
@inline function product(lowLow: v128, lowHigh: v128, highLow: v128, highHigh: v128): v128 {
  const SIGN = i64x2.splat(0x8000000000000000);
  const LOW_HALF = i64x2.splat(EPSILON);
  const m = i64x2.add(highLow, i64x2.shr_u(lowLow, 32));
  const n = i64x2.add(lowHigh, v128.and(m, LOW_HALF));
  const high = i64x2.add(highHigh, i64x2.add(i64x2.shr_u(m, 32), i64x2.shr_u(n, 32)));
  const low = v128.xor(v128.shuffle<u32>(lowLow, i64x2.shl(n, 32), 0, 5, 2, 7), SIGN);
  let t = i64x2.sub(low, i64x2.shr_u(high, 32));
  t = i64x2.sub(t, epsilonWhereGreater(t, low));
  const r = i64x2.add(t, i64x2.sub(i64x2.shl(high, 32), v128.and(high, LOW_HALF)));
  return v128.xor(i64x2.add(r, epsilonWhereGreater(t, r)), SIGN);
}
`
