/** An item of a `WaitList`; the links are the list's own. */
export interface Linked<Item extends Linked<Item>> {
  list: WaitList<Item> | undefined;
  before: Item | undefined;
  after: Item | undefined;
}

/** A doubly linked list through the items themselves: leaving it costs the same wherever one stands. */
export class WaitList<Item extends Linked<Item>> {
  first: Item | undefined;
  last: Item | undefined;
  size = 0;

  /** Puts `item` behind `place`, or first when there is none. */
  insertAfter(place: Item | undefined, item: Item): void {
    const after = place === undefined ? this.first : place.after;
    item.list = this;
    item.before = place;
    item.after = after;
    if (place === undefined) this.first = item;
    else place.after = item;
    if (after === undefined) this.last = item;
    else after.before = item;
    this.size += 1;
  }

  append(item: Item): void {
    this.insertAfter(this.last, item);
  }

  remove(item: Item): void {
    if (item.before === undefined) this.first = item.after;
    else item.before.after = item.after;
    if (item.after === undefined) this.last = item.before;
    else item.after.before = item.before;
    item.list = undefined;
    item.before = undefined;
    item.after = undefined;
    this.size -= 1;
  }
}
