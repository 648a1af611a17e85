#!/usr/bin/env python
"""Which families of timm work at 64 and 224 pixels: with each protocol, and with every measure. The table of docs/backbones.md.

    .venv/bin/python scripts/check_families.py               # all families, about 25 minutes on two cores; prints the table
    .venv/bin/python scripts/check_families.py --write       # and puts the table into docs/backbones.md
    .venv/bin/python scripts/check_families.py ViT Swin --protocols finetune bitfit

FAMILY: those alone. The smallest member of each family is trained for one epoch on 40 images of BreastMNIST, from random
weights that were written at 224 pixels, by `cats run`; `cats score` scores the pair by every measure. CATS_DATA must name the
folder of the files. What is finished lies in the file `--attempts` as JSON, and a new call goes on where the last one ended.
The attempts of the table in docs/backbones.md are kept in docs/published/families.json.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from documentation.place import put
from families.cases import FAMILIES, PROTOCOLS, SCORE, SIZES, Attempt, attempts, prepare
from families.table import page

from benchmark.specs import protocols

PAGE = Path(__file__).resolve().parents[1] / "docs" / "backbones.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", choices=[*FAMILIES, []])
    every = list(protocols.PROTOCOLS)
    parser.add_argument(
        "--protocols", nargs="+", default=list(PROTOCOLS), choices=every, help="protocols to try, in this order"
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), help="sizes in pixels")
    parser.add_argument("--folder", type=Path, default=Path("families"), help="where the attempts work")
    parser.add_argument("--attempts", type=Path, help="where what is finished is kept; by default attempts.json in FOLDER")
    parser.add_argument("--write", action="store_true", help="put the table into docs/backbones.md")
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    kept = (given.attempts or folder / "attempts.json").resolve()
    done = [Attempt(**each) for each in json.loads(kept.read_text(encoding="utf-8"))] if kept.exists() else []
    prepare(folder)
    whats = tuple(dict.fromkeys((*given.protocols, SCORE)))
    for family in given.families or FAMILIES:
        for size in given.sizes:
            for made in attempts(family, size, whats, done):
                done.append(made)
                kept.write_text(json.dumps([asdict(each) for each in done], indent=1), encoding="utf-8")
                ended = made.said or "works"
                print(f"{family} {made.size} px, {made.what}: {ended} ({made.seconds} s)", file=sys.stderr, flush=True)
    text = page(done, whats, given.sizes)
    print(text)
    if given.write:
        put(PAGE, "families", text)


if __name__ == "__main__":
    main()
