#!/bin/sh
# Build the wheel, install it in a clean environment away from the sources, and do the main job with it.
# Usage: check_wheel.sh PYTHON   a Python that has `build` and `hatchling`
set -eu
python=$1
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m build --wheel --no-isolation --outdir "$work/dist" "$root" >/dev/null
"$python" -m venv "$work/venv"
pip="$work/venv/bin/python -m pip --quiet --disable-pip-version-check"
$pip install --require-hashes --requirement "$root/requirements/base.txt"
$pip install --no-deps --no-index "$work"/dist/*.whl
mkdir "$work/empty"
cd "$work/empty"
"$work/venv/bin/hp-sig" --version
"$work/venv/bin/hp-sig" --help >/dev/null
"$work/venv/bin/hp-sig" sources >/dev/null
"$work/venv/bin/hp-sig" refresh 2>refresh.log || { cat refresh.log >&2; exit 1; }
for name in overlaps.csv communes.csv territoire.gpkg territoire.qgz territoire.xml territoire.xlsx \
    rapports/rapport-triennal-04112-manosque.docx carte-territoire.html carte-indicateurs.html carte-projets.html index.html \
    fiches/commune-04112.html manifest.json; do
    test -s "data/processed/$name" || { echo "the wheel did not write $name" >&2; exit 1; }
done
echo "the built wheel does the main job"
