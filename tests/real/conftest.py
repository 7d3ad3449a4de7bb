import os
from pathlib import Path

import pytest

#: Environment variable that says where the real open data are; by default beside the repository.
VARIABLE = "HP_SIG_REAL_DATA"
DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real open data; the test is skipped where it is absent."""
    folder = Path(os.environ.get(VARIABLE) or DEFAULT)
    if not (folder / "communes").is_dir():
        pytest.skip(f"the real open data are not at hand: {folder} has no folder communes (set {VARIABLE})")
    return folder
