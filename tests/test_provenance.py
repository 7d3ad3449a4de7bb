import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from hp_sig import InputError, LayerError, find_inputs, load_territory
from hp_sig.inputs import attributed
from hp_sig.refresh import plan, refresh
from hp_sig.sources.provenance import Record, read_record, record_path, write_record


def record_of(file: Path, **changed) -> Record:
    content = file.read_bytes()
    told = {
        "data_set": "communes",
        "title": "Communes",
        "producer": "IGN (fetched)",
        "source": "ADMIN EXPRESS COG",
        "licence": "Licence Ouverte 2.0",
        "vintage": "2026",
        "url": "https://example.org/wfs",
        "retrieved": "2026-11-05T12:00:00+00:00",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "downloaded_size": 10,
        "downloaded_sha256": "0" * 64,
    }
    return Record.model_validate(told | changed)


@pytest.fixture
def communes_file(raw: Path) -> Path:
    return raw / "communes.gpkg"


def test_a_record_is_read_back_as_it_was_written(communes_file):
    record = record_of(communes_file, mark={"md5": "a"}, counts={"rows": 6}, notes=["un « é »"])
    write_record(record, record_path(communes_file))

    assert read_record(communes_file) == record


def test_a_file_without_a_record_has_none(communes_file):
    assert read_record(communes_file) is None


def test_a_record_that_cannot_be_read_is_told_with_its_remedy(communes_file):
    record_path(communes_file).write_text("{", encoding="utf-8")

    with pytest.raises(LayerError, match=r"provenance\.json: 1 fault(?s:.*)Remove it, then fetch again"):
        read_record(communes_file)


def test_a_record_of_a_later_version_is_read_for_what_is_known_of_it(communes_file):
    content = record_of(communes_file).model_dump(mode="json") | {"signature": "later"}
    record_path(communes_file).write_text(json.dumps(content), encoding="utf-8")

    found = read_record(communes_file)

    assert found is not None
    assert found.vintage == "2026"


def test_a_record_describes_its_file_until_one_byte_changes(communes_file):
    record = record_of(communes_file)
    assert record.describes(communes_file)

    content = bytearray(communes_file.read_bytes())
    content[-1] ^= 1
    communes_file.write_bytes(content)

    assert not record.describes(communes_file)


# --- through the refresh --------------------------------------------------------------------------------------------


def test_what_a_record_tells_stands_for_what_the_territory_file_says(territory_file, raw, communes_file):
    write_record(record_of(communes_file), record_path(communes_file))
    territory = load_territory(territory_file)

    told = attributed(territory, find_inputs(territory, raw)).boundaries

    assert (told.vintage, told.producer, told.retrieved) == ("2026", "IGN (fetched)", dt.date(2026, 11, 5))


def test_a_record_of_another_content_tells_nothing(territory_file, raw, communes_file):
    write_record(record_of(communes_file, sha256="f" * 64), record_path(communes_file))
    territory = load_territory(territory_file)

    assert attributed(territory, find_inputs(territory, raw)) == territory


def test_the_manifest_and_the_maps_tell_the_day_and_the_vintage_of_the_record(
    territory_file, raw, communes_file, tmp_path
):
    write_record(record_of(communes_file), record_path(communes_file))

    done = refresh(territory_file, raw=raw, out=tmp_path / "out")

    entry = next(item for item in done.manifest["inputs"] if item["name"] == "communes")
    assert (entry["vintage"], entry["producer"], entry["retrieved"]) == ("2026", "IGN (fetched)", "2026-11-05")
    assert "05/11/2026" in (tmp_path / "out" / "carte-territoire.html").read_text(encoding="utf-8")


def test_a_new_record_makes_the_results_stale(territory_file, raw, communes_file, tmp_path):
    refresh(territory_file, raw=raw, out=tmp_path / "out")
    assert not plan(territory_file, raw=raw, out=tmp_path / "out").is_needed

    write_record(record_of(communes_file), record_path(communes_file))

    assert plan(territory_file, raw=raw, out=tmp_path / "out").is_needed


def test_a_record_is_no_second_file_of_a_pattern(territory_file, raw, communes_file):
    text = territory_file.read_text(encoding="utf-8").replace('file = "communes.gpkg"', 'file = "communes.*"')
    territory_file.write_text(text, encoding="utf-8")
    write_record(record_of(communes_file), record_path(communes_file))
    territory = load_territory(territory_file)

    assert [item.path.name for item in find_inputs(territory, raw) if item.name == "communes"] == ["communes.gpkg"]


def test_a_damaged_record_stops_the_refresh_with_one_fault(territory_file, raw, communes_file):
    record_path(communes_file).write_text("not json", encoding="utf-8")

    with pytest.raises(InputError, match=r"expected the record of communes\.gpkg"):
        find_inputs(load_territory(territory_file), raw)


def test_what_fetch_keeps_for_itself_does_not_make_a_raw_folder_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HP_SIG_RAW", raising=False)
    kept = tmp_path / "data" / "raw" / ".hp_sig" / "cache" / "file"
    kept.parent.mkdir(parents=True)
    kept.write_text("x", encoding="utf-8")

    assert plan(out=tmp_path / "out").territory.notice is not None
