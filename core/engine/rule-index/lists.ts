/** Most reviews find nothing, or one thing: lists are made when they are needed. This one is never written to. */
export const empty: never[] = Object.freeze([]) as unknown as never[];

/** The list with one more, which is the same list unless it was empty. A first item gets a list of its size, not one with room for many. */
export function pushed<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
