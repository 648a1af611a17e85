"""Makes the table of public runs that ships with cats, results/choosing/public_runs.parquet, from the imported experiment.

cats import runs.parquet --map cats2024 --experiment cats2024        # see docs/imports.md
python scripts/public_runs.py cats2024 [ADDRESS OF MLFLOW]
"""

import sys

import yaml

from benchmark.cli.query import reader_of
from benchmark.specs.family import declared_families
from results.choosing.public_runs import FILE, write_public_runs
from results.choosing.reading import matrix_of
from results.imports import column_map

COMMIT = "7e308c4"


def main(experiment: str, uri: str = "sqlite:///mlflow.db") -> None:
    reader = reader_of(experiment, uri)
    frame = reader.frame()
    family = declared_families(sorted(set(frame["target"])))
    matrix = matrix_of(frame, reader.query, family)
    here = FILE.parents[1] / "imports" / "maps" / "cats2024.yaml"
    how = column_map.ColumnMap.model_validate(yaml.safe_load(here.read_text()))
    whose = f"{how.title}: {how.citation}; licence {how.licence}"
    origin = [f"{whose}, commit {COMMIT} of github.com/DovileDo/transferability-in-medical-imaging"]
    write_public_runs(FILE, matrix, family, origin)
    print(f"{FILE}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
