"""How often the 95 % interval of a measure holds the mean over fresh samples of the same size, on four populations.

python scripts/simulate_measures.py                      prints the table of docs/measures_intervals.md; an hour on one core
python scripts/simulate_measures.py --write              puts it there
python scripts/simulate_measures.py --write --measures lfc kite   renews the rows of these measures and leaves the others
python scripts/simulate_measures.py --measures logme tmi "tmi[norm=euclidean]" --settings 200x32 real --replications 40

Every sample has new images, but equally many of each class, as resamples have. What is found is kept in --folder after 20
seconds: a call that was stopped goes on, and samples are scored again only after the measure's code has changed. Without
--measures: every measure of arrays that gives an interval. The measures that need pixels or networks (fu, pge, task2vec) are
not simulated. The setting `real` needs CATS_DATA and CATS_WEIGHTS. One thread.
"""

import argparse
from pathlib import Path

from documentation.place import put, taken
from measure_coverage.cell import judged, load, simulated
from measure_coverage.settings import COLUMNS, SETTINGS
from measure_coverage.table import renewed, table, usual_samples
from threadpoolctl import threadpool_limits

from benchmark.core.paths import home
from benchmark.specs import catalogue
from benchmark.specs.needs import NUMBERS, OF_SOURCE, OF_TARGET

PAGE = Path(__file__).parents[1] / "docs" / "measures_intervals.md"
ARRAYS = NUMBERS | {"labels", "source_labels"}


def main() -> None:
    asked = arguments()
    settings = {key: SETTINGS[key]() for key in asked.settings}
    titles = {key: (setting.title, setting.taken) for key, setting in settings.items()}
    cells = {}
    for name in asked.measures:
        for key, setting in settings.items():
            path = asked.folder / f"{name.replace('/', '_')}@{key}.json"
            if asked.stored:
                cells[name, key] = load(path)
                continue
            cell = cells[name, key] = simulated(path, catalogue.measure(name), key, setting, asked.replications)
            found = judged(cell, setting.taken)
            said = f"{100 * found[0]:.0f} % ({found[1]:.2f})" if found else "no interval"
            print(f"{name} {key}: {said}, {len(cell.values)} samples, {cell.seconds:.1f} s", flush=True)
    if not asked.write:
        print(table(cells, asked.measures, titles))
        return
    before = taken(PAGE, "coverage")
    whole = set(asked.measures) >= set(all_measures())
    made = table(cells, asked.measures, titles, 0 if whole else usual_samples(before))
    put(PAGE, "coverage", made if whole else renewed(before, made))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measures", nargs="+", default=all_measures(), metavar="MEASURE")
    parser.add_argument("--settings", nargs="+", default=list(COLUMNS), choices=list(SETTINGS))
    parser.add_argument("--replications", type=int, default=200, help="samples in each cell (default: 200)")
    parser.add_argument("--folder", type=Path, default=home() / "simulations" / "measures", help="where samples are kept")
    parser.add_argument("--stored", action="store_true", help="print what is kept and score nothing")
    parser.add_argument("--write", action="store_true", help="put the table into docs/measures_intervals.md")
    return parser.parse_args()


def all_measures() -> list[str]:
    """The measures of arrays that look at images."""
    found = []
    for name in catalogue.names("similarity"):
        needs = set(catalogue.measure(name).needs)
        if needs <= ARRAYS and needs & (OF_TARGET | OF_SOURCE):
            found.append(name)
    return found


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
