/** An item knows its place in the heap; -1 outside of it. An item is in one heap at a time. */
export type HeapItem = { heapIndex: number }

/** Binary heap whose items can be moved and taken out from the middle: each change is O(log n). */
export interface IndexedHeap<T extends HeapItem> {
  readonly size: number
  peek(): T | undefined
  push(item: T): void
  /** To be called after the item's rank changed. */
  update(item: T): void
  remove(item: T): void
}

/** The item that is before all others stands at the top. */
export function createIndexedHeap<T extends HeapItem>(isBefore: (a: T, b: T) => boolean): IndexedHeap<T> {
  const items: T[] = []

  function place(item: T, index: number): void {
    items[index] = item
    item.heapIndex = index
  }

  function siftUp(item: T): void {
    let index = item.heapIndex
    while (index > 0) {
      const parent = items[(index - 1) >> 1]!
      if (!isBefore(item, parent)) break
      place(parent, index)
      index = (index - 1) >> 1
    }
    place(item, index)
  }

  function siftDown(item: T): void {
    let index = item.heapIndex
    for (;;) {
      const left = 2 * index + 1
      if (left >= items.length) break
      const right = left + 1
      const child = right < items.length && isBefore(items[right]!, items[left]!) ? right : left
      if (!isBefore(items[child]!, item)) break
      place(items[child]!, index)
      index = child
    }
    place(item, index)
  }

  function update(item: T): void {
    siftUp(item)
    siftDown(item)
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push(item) {
      place(item, items.length)
      siftUp(item)
    },
    update,
    remove(item) {
      const index = item.heapIndex
      const last = items.pop()!
      item.heapIndex = -1
      if (last === item) return
      place(last, index)
      update(last)
    },
  }
}
