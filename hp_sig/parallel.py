"""How is a costly look at many geometries shared among the processors?"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["are_valid", "shared"]

#: Under this many geometries a second thread costs more than it brings.
SHAPES_PER_WORKER = 500


def shared(operation: Callable[..., Any], *arrays: npt.NDArray[Any]) -> Any:  # noqa: ANN401 - what the operation gives
    """Share a costly operation among the processors: shapely lets go of Python's lock while it works.

    Parameters
    ----------
    operation
        Takes arrays of one length, gives an array of that length.
    arrays
        What to cut in even shares.
    """
    workers = min(os.cpu_count() or 1, len(arrays[0]) // SHAPES_PER_WORKER)
    if workers < 2:
        return operation(*arrays)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(operation, *(np.array_split(array, workers) for array in arrays)))
    return np.concatenate(parts)


def are_valid(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Say which geometries are valid, on every processor."""
    valid: npt.NDArray[np.bool_] = shared(shapely.is_valid, shapes)
    return valid
