"""What covers the land according to a survey that is not OCS GE: CORINE Land Cover, or a local MOS?

Each survey has its own nomenclature and its own finest detail. Its classes are brought to six land classes by a
correspondence table: ours for the 44 classes of CORINE, the officer's own for a local land-use survey (mode
d'occupation du sol, MOS).
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import read_table, texts
from hp_sig.layers.vector import OnInvalid, finish, polygons, read_vector
from hp_sig.reference.nomenclature import LAND_CLASSES, corine_classes
from hp_sig.seal import sealed

__all__ = ["CORINE_MAPPING_UNIT_HA", "read_corine", "read_land_survey"]

#: Smallest polygon of CORINE Land Cover: 25 ha, at 1:100 000 (European Environment Agency, CLC technical guidelines).
CORINE_MAPPING_UNIT_HA = 25.0
#: Columns that carry their year: a state has one, the changes between two states (CHA1218) have both.
DATED = re.compile(r"code_\d{2}", re.IGNORECASE)


def read_corine(
    path: str | Path,
    *,
    vintage: str,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read CORINE Land Cover, for zones of the scale of a SCoT or larger.

    Parameters
    ----------
    path
        Any vector file with the three-digit codes (`CODE_18`, `CODE_12`…).
    vintage
        Edition of the data set.
    layer, fields, crs, on_invalid
        As in :func:`read_land_survey`.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`read_land_survey`; `attrs["mapping_unit_ha"]` is 25.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    return _read(
        path,
        corine_classes(),
        mapping_unit_ha=CORINE_MAPPING_UNIT_HA,
        vintage=vintage,
        layer=layer,
        fields=fields,
        crs=crs,
        on_invalid=on_invalid,
    )


def read_land_survey(  # noqa: PLR0913 - all but the first four only serve unusual files
    path: str | Path,
    *,
    correspondence: str | Path,
    mapping_unit_ha: float,
    vintage: str,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read a local land-use survey (MOS) with the correspondence of its codes.

    Parameters
    ----------
    path
        Any vector file of polygons.
    correspondence
        A table `class_code`, `land_class` (`artificial`, `agricultural`, `forest`, `natural`, `wetland`, `water`), and
        if wished `label`: each code of the survey once.
    mapping_unit_ha
        Area of the smallest polygon that the survey draws, in hectares: its producer states it.
    vintage
        Edition of the data set.
    layer
        Layer of a file that has several.
    fields
        Field → column: `class_code`, where the name is not recognised.
    crs
        Coordinate system to assume where the file states none.
    on_invalid
        `repair` (structure method; counted, with its effect on the area) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a polygon (EPSG:2154): `class_code` (text), `land_class`. `attrs`: `mapping_unit_ha`, `vintage`,
        `source_file`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file, or of the correspondence.
    """
    if not mapping_unit_ha > 0 or math.isinf(mapping_unit_ha):
        message = f"mapping_unit_ha: the area of the smallest polygon expected, in hectares, found {mapping_unit_ha!r}."
        raise ValueError(message)
    return _read(
        path,
        _read_correspondence(correspondence),
        mapping_unit_ha=mapping_unit_ha,
        vintage=vintage,
        layer=layer,
        fields=fields,
        crs=crs,
        on_invalid=on_invalid,
    )


def _read_correspondence(path: str | Path) -> pd.DataFrame:
    """Read which land class each code of a survey stands for."""
    table = read_table(path)
    columns = required_fields(
        "correspondence", table.columns, ("class_code", "land_class"), None, path, "Rename it in the table."
    )
    faults: list[str] = []
    codes, classes = texts(table[columns["class_code"]]), texts(table[columns["land_class"]])
    require_unique(codes, "codes", faults)
    wrong = ~classes.isin(LAND_CLASSES)
    if codes.isna().any():
        faults.append(f"{int(codes.isna().sum())} rows have no code.")
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} rows have no known land class: {some(classes[wrong].unique())} (codes "
            f"{some(codes[wrong])}). Expected one of {', '.join(LAND_CLASSES)}."
        )
    if faults:
        raise LayerError(path, faults)
    return pd.DataFrame({"land_class": classes.to_numpy()}, index=pd.Index(codes, name="code"))


def _read(  # noqa: PLR0913 - what the two readers were given
    path: str | Path,
    classes: pd.DataFrame,
    *,
    mapping_unit_ha: float,
    vintage: str,
    layer: str | None,
    fields: Mapping[str, str] | None,
    crs: str | None,
    on_invalid: OnInvalid,
) -> gpd.GeoDataFrame:
    features = read_vector(path, layer=layer, crs=crs)
    dated = [str(column) for column in features.columns if DATED.fullmatch(str(column))]
    if len(dated) > 1 and "class_code" not in (fields or {}):
        fault = (
            f"expected a state, with one column of codes, found {', '.join(dated)}: changes hold only what changed. "
            "Give the state, or name its column with « fields = { class_code = … } »."
        )
        raise LayerError(path, [fault])
    columns = required_fields("survey", features.columns, ("class_code",), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    codes = texts(features[columns["class_code"]])
    unknown = ~codes.isin(classes.index)
    if unknown.any():
        faults.append(
            f"{int(unknown.sum())} polygons have codes that the correspondence lacks in the column "
            f"{columns['class_code']!r}: {some(codes[unknown].unique())}. Add them to it."
        )
    ids = pd.Series(features.index, index=features.index)
    survey = gpd.GeoDataFrame(
        {"class_code": codes, "land_class": codes.map(classes["land_class"])},
        geometry=polygons(features, ids, on_invalid=on_invalid, faults=faults, notes=notes),
        crs=features.crs,
    ).reset_index(drop=True)
    survey.index.name = "polygon"
    survey = finish(survey, path, vintage=vintage, faults=faults, notes=notes)
    survey.attrs["mapping_unit_ha"] = mapping_unit_ha
    return sealed(survey)
