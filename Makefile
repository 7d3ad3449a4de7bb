# make refresh   set everything up, then rebuild every result (data/raw → data/processed)
# make test      set everything up, then run all tests
# Options of the command go in ARGS: make refresh ARGS="--territory my-territory.toml --force"

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
TESTS  ?=
BIN    := $(VENV)/bin
AXE    := $(VENV)/axe/node_modules/axe-core/axe.min.js
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: refresh test style types wheel lock sample clean
.DEFAULT_GOAL := refresh

refresh: $(VENV)/.base
	$(BIN)/hp-sig refresh $(ARGS)

test: $(VENV)/.dev $(AXE)
	@sh scripts/apt_install.sh chromium chromium
	@sh scripts/apt_install.sh poppler-utils pdftotext
	@sh scripts/apt_install.sh cgi-mapserver /usr/lib/cgi-bin/mapserv
	@sh scripts/apt_install.sh gdal-bin ogrinfo
	@sh scripts/apt_install.sh postgresql-15-postgis-3 /usr/share/postgresql/15/extension/postgis.control
	@sh scripts/apt_install.sh libreoffice-calc-nogui /usr/lib/libreoffice/share/registry/calc.xcd
	@sh scripts/apt_install.sh libreoffice-writer-nogui /usr/lib/libreoffice/share/registry/writer.xcd
	@sh scripts/apt_install.sh python3-qgis /usr/lib/python3/dist-packages/qgis/core/__init__.py
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# The wheel, installed in a clean environment away from the sources, must do the main job.
wheel: $(VENV)/.dev
	sh scripts/check_wheel.sh $(BIN)/python

# Pinned versions with hashes and without any index address (requirements/README.md).
lock: $(VENV)/.dev
	$(PIP) install uv
	printf 'hatchling\neditables\n' > requirements/.build.in
	$(BIN)/uv pip compile pyproject.toml requirements/.build.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --upgrade --output-file requirements/base.txt
	$(BIN)/uv pip compile pyproject.toml requirements/.build.in --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --upgrade \
	  --constraint requirements/base.txt --output-file requirements/dev.txt
	rm requirements/.build.in

sample: $(VENV)/.dev
	$(BIN)/python scripts/make_sample.py
	$(BIN)/python scripts/make_land_sample.py
	$(BIN)/python scripts/make_road_sample.py

$(VENV)/.base: requirements/base.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "hp-sig needs Python 3.11 or later; name one with: make PYTHON=python3.12 refresh" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || sh scripts/apt_install.sh python3-venv
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement requirements/base.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	touch $@

# The rules of accessibility that pages are tried against; what needs them is skipped where npm is not to be had.
$(AXE): | $(VENV)/.dev
	@sh scripts/apt_install.sh npm npm
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1 || \
	  echo "axe-core could not be installed: what needs it is skipped." >&2

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
