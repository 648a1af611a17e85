#!/usr/bin/env python
"""What bf16 changes: in the predictions of a network, in its training, in the choice of its epoch, and in a probe.

    .venv/bin/python scripts/bench_precision.py            # prints the tables of docs/performance.md; half an hour on one core
    .venv/bin/python scripts/bench_precision.py --write    # and puts them there
    .venv/bin/python scripts/bench_precision.py resnet18 --seeds 2    # BACKBONE: its rows alone

Each network is trained in fp32 and in bf16 from the same start on the same images, with several seeds, by the recipe `finetune`
at 64 pixels. Weights are always fp32. The same weights then predict the test images in several ways; fp32 is the reference.
Where there are no ImageNet weights in CATS_WEIGHTS, a network starts at random. CATS_DATA must name the folder of the files.
"""

import argparse
import sys
from pathlib import Path

import torch
from documentation.place import put
from precision.cases import CASES, Case, Trained, probes, train
from precision.tables import choice, differences, probe_table, seconds, spread
from training.figure import hardware, versions

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
DRAWS = 16  # of training images, for a probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbones", nargs="*", metavar="BACKBONE", choices=[*{case.backbone for case in CASES}, []])
    parser.add_argument("--seeds", type=int, help="of each case; by default as many as in docs/performance.md")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    given = parser.parse_args()
    print(f"{hardware(torch.device('cpu'))}; {versions()}", flush=True)
    found: dict[Case, list[Trained]] = {}
    for case in CASES:
        if given.backbones and case.backbone not in given.backbones:
            continue
        found[case] = []
        for seed in range(given.seeds or case.seeds):
            for word in ("fp32", "bf16"):
                found[case].append(train(case, seed, word))
                print(f"{case}: seed {seed}, {word}, AUC {found[case][-1].auc('fp32'):.4f}", file=sys.stderr, flush=True)
    once = {str(case): case for case in found if case.weights}.values()  # whatever the number of epochs
    probed = {case: probes(case, given.seeds or DRAWS) for case in once}
    made = "\n".join([*differences(found), *spread(found), *choice(found), *seconds(found), *probe_table(probed)]) + "\n"
    print(made)
    if given.write:
        put(PAGE, "precision", made)


if __name__ == "__main__":
    main()
