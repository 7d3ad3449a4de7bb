"""How are hundreds of thousands of geometries made and looked at without wasting a processor?"""

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["are_valid", "many_objects", "shared"]

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


@contextmanager
def many_objects() -> Iterator[None]:
    """Leave Python's search for cycles off while geometries are made by the hundred thousand: they hold none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
