"""Results that the very same layers gave before, so that a test need not compute them again."""

import copy
import hashlib
import pickle
from collections.abc import Collection
from pathlib import Path

from hp_sig import Layers, compute
from hp_sig.results import Results

_KNOWN: dict[str, Results] = {}


def computed(layers: Layers, *, families: Collection[str] | None = None) -> Results:
    """Compute layers, or copy what the same layers gave before in this process; the copy is the caller's own.

    Layers are the same where every setting, figure, name and note in them is; the place of the territory file, which
    is of one test alone, is no part of them.
    """
    territory = layers.territory.model_copy()
    territory._path = Path()
    parts = [getattr(layers, name) for name in layers.__dataclass_fields__ if name != "territory"]
    wanted = None if families is None else sorted(families)
    key = hashlib.sha256(pickle.dumps((territory.model_dump_json(), parts, wanted))).hexdigest()
    if key not in _KNOWN:
        _KNOWN[key] = compute(layers, families=families)
    return copy.deepcopy(_KNOWN[key])
