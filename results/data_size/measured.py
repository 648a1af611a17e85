"""What was measured on one target: the values of each source at each number of training images, and their shared test images.

Differences pair seeds and test images, as `cats compare` does: a seed draws the same training images for every source, and all
numbers of training images are tested on the same images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.board.ranking import measured_results
from results.board.request import Judging
from results.statistics.crossing import Differences
from results.statistics.intervals import TargetResults


@dataclass(frozen=True)
class SizedSource:
    """A source as a board names it, its plain name, and its backbone."""

    label: str
    plain: str
    backbone: str

    def is_baseline_of(self, other: "SizedSource", baseline: str) -> bool:
        """Whether this is the baseline with which another source is compared: the backbone is the same."""
        return self.plain == baseline and self.backbone == other.backbone


@dataclass(frozen=True)
class Measured:
    """What was measured on one target, by place: a source at a number of training images.

    Attributes:
        sources: source → its places, in ascending order of the images.
        sizes: of each place: the number as a plan states it, and how many images these are.
        seeds: of each place: seed → value, higher is better.
        results: values and shares of test images of all places.
        note: why the test images are not counted, if they are not.
    """

    sources: Mapping[SizedSource, list[int]]
    sizes: Sequence[tuple[str, float]]
    seeds: Sequence[Mapping[str, float]]
    results: TargetResults
    note: str | None

    def common_seeds(self, pairs: Sequence[tuple[int, int]]) -> list[str]:
        """The seeds that all places of these pairs have."""
        places = [place for pair in pairs for place in pair]
        return sorted(seed for seed in self.seeds[places[0]] if all(seed in self.seeds[place] for place in places))

    def differences(self, pairs: Sequence[tuple[int, int]]) -> Differences | None:
        """The value at one place minus that at the other, of each pair, at the log of the images of the varying place.

        Only seeds that all these places have count; None if there is none. Of two places in a pair the second one gives the
        number of images.
        """
        common = self.common_seeds(pairs)
        if not common:
            return None
        by_seed = [[self.seeds[one][seed] - self.seeds[other][seed] for one, other in pairs] for seed in common]
        count, images = len(pairs), self.results.images
        shared, freedom = np.zeros((count, count)), np.inf
        if images is not None:
            gaps = images[:, [one for one, _ in pairs]] - images[:, [other for _, other in pairs]]
            shared, freedom = gaps.T @ gaps, self.results.freedom
        logs = np.log([self.sizes[other][1] for _, other in pairs])
        return Differences(logs, np.array(by_seed), shared, freedom)


def measured_of(here: pd.DataFrame, name: str, metric: str, judging: Judging) -> Measured:
    """What was measured on a target. `here`: its runs, see results.data_size.gather; `name` seeds draws."""
    ordered = here.sort_values(["source", "images", "seed"])
    kinds = ordered.drop_duplicates(["source", "size"])
    place_of = {pair: place for place, pair in enumerate(zip(kinds["source"], kinds["size"], strict=True))}
    places = pd.Series([place_of[pair] for pair in zip(ordered["source"], ordered["size"], strict=True)], ordered.index)
    coded = ordered.assign(source=[f"{place:06d}" for place in places])  # in the order of their names
    _, results, note = measured_results(coded, name, metric, judging.noise, judging.images)
    sources = dict[SizedSource, list[int]]()
    for place, kind in enumerate(kinds[["source", "plain", "backbone"]].astype(str).itertuples(index=False, name=None)):
        sources.setdefault(SizedSource(*kind), []).append(place)
    seeds = [dict(zip(own["seed"].astype(str), own["value"], strict=True)) for _, own in coded.groupby("source")]
    return Measured(sources, list(zip(kinds["size"], kinds["images"], strict=True)), seeds, results, note)
