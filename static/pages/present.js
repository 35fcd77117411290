/** Who is connected to a stream, as its `presence` frames tell it. */

/**
 * @param {Map<string, string>} people Names, and how each is shown; changed to what `data` says.
 * @param {{here?: object[], came?: object[], left?: object[]}} data
 */
export function apply(people, data) {
  if (data.here) people.clear();
  for (const each of [...(data.here ?? []), ...(data.came ?? [])]) people.set(each.name, each.display_name || each.name);
  for (const { name } of data.left ?? []) people.delete(name);
}
