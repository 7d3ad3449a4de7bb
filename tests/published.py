"""What the embedded sample publishes, computed once a process; nobody may change it."""

import datetime as dt
from functools import cache

from hp_sig import Layers, find_inputs, load_layers, load_territory
from hp_sig.publish.content import publication_of
from hp_sig.publish.publication import Publication, Run
from hp_sig.reference.fields import sample_territory_file
from hp_sig.results import Results, compute

DAY = dt.datetime(2026, 11, 28, 6, 30, tzinfo=dt.UTC)
RUN = Run(id="20261128T063000Z-5a3e1e00", started_at=DAY, version="0.0.0")


@cache
def sample() -> tuple[Layers, Results]:
    """Read and compute the sample."""
    file = sample_territory_file()
    territory = load_territory(file)
    layers = load_layers(territory, find_inputs(territory, file.parent))
    return layers, compute(layers)


@cache
def sample_publication() -> Publication:
    """Gather what the sample publishes."""
    layers, results = sample()
    inputs = find_inputs(layers.territory, sample_territory_file().parent)
    return publication_of(layers, results, run=RUN, inputs=inputs)
