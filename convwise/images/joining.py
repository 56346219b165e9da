"""Two divisions of pictures into groups joined: what is together in either is together."""

import numpy as np
from numpy.typing import NDArray


def joined(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) numbers of the groups, from 0 in the order in which they first appear; `a`, `b`: numbers from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, n_nodes = len(a), int(a.max()) + 1
    edges = coo_array((np.ones(n, np.int8), (a, n_nodes + b)), shape=(n_nodes + n, n_nodes + n))
    component = connected_components(edges, directed=False)[1][a]
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse.reshape(-1)], np.int64)
