"""Decodes a target at a size, or searches it for copies: `python decode.py NAME SIZE` or `python decode.py NAME guard`.

`--cores N` keeps the process to so many cores, and thereby decides in how many processes pictures are decoded.
"""

import argparse
import os
import sys


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("what")
    parser.add_argument("--cores", type=int)
    given = parser.parse_args()
    if given.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])

    from benchmark.data.decoded import load_images
    from benchmark.data.overlap import overlaps_within
    from benchmark.specs import catalogue

    dataset = catalogue.target(given.name).dataset
    if given.what == "guard":
        found = overlaps_within(dataset, lambda _: None) or ()
        print(f"{sum(each.images for each in found)} images in two parts")
        return
    images = load_images(dataset, int(given.what))
    print(f"{len(images.ids)} images, {images.images.nbytes / 2**20:.0f} MiB")


if __name__ == "__main__":
    sys.exit(main())
