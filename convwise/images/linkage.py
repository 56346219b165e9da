"""Groups in which everything is near everything else: no chains from neighbour to neighbour."""

from collections.abc import Callable, Iterable

from convwise.images.copies import Pair

LARGEST = 256
"""Members of a group at most: beyond it the comparisons of all with all would grow without bound."""


def complete_groups(pairs: Iterable[Pair], near: Callable[[int, int], bool]) -> tuple[list[list[int]], list[Pair]]:
    """Groups of two and more, each sorted, and the pairs of `pairs` that they leave apart.

    Two groups become one when every member of the one is near to every member of the other (complete linkage). The
    pairs are taken in their order; `near` is asked for those that are not among them.
    """
    pairs = list(pairs)
    known = dict.fromkeys(pairs, True)

    def close(i: int, j: int) -> bool:
        pair = (min(i, j), max(i, j))
        if pair not in known:
            known[pair] = near(*pair)
        return known[pair]

    group_of: dict[int, list[int]] = {}
    for i, j in pairs:
        a, b = group_of.setdefault(i, [i]), group_of.setdefault(j, [j])
        if a is b or len(a) + len(b) > LARGEST:
            continue
        if all(close(x, y) for x in a for y in b):
            a.extend(b)
            group_of.update(dict.fromkeys(b, a))
    groups = {id(group): sorted(group) for group in group_of.values() if len(group) > 1}
    return sorted(groups.values()), [(i, j) for i, j in pairs if group_of[i] is not group_of[j]]
