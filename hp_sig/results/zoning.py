"""What land lies in the planning zones (U, AU, A, N) of each commune?"""

import pandas as pd

from hp_sig.assembly import Layers

__all__ = ["zoning_table"]


def zoning_table(layers: Layers) -> pd.DataFrame:
    """Measure artificialised and sealed land by commune and kind of planning zone, in hectares.

    Parameters
    ----------
    layers
        With planning zones and land cover.
    """
    raise NotImplementedError
