"""What explanations and their checks say, in sentences."""

from collections.abc import Iterator

import numpy as np

from benchmark.models.explanation.check import ALIKE, Figure
from benchmark.models.explanation.explain import REDRAWN, Check, Explanation
from benchmark.models.explanation.maps import GAP
from results.text.counts import how_many
from results.text.units import percent


def sentences_of(made: Explanation) -> list[str]:
    """What was explained, how exactly, and what the checks found."""
    return [*_explained(made), *(_checked(made.check) if made.check is not None else ())]


def _explained(made: Explanation) -> Iterator[str]:
    right, count = made.answers.right, len(made.answers.explained)
    answers = ""
    if right is not None:
        good, bad = int(right.sum()), int((~right).sum())
        answers = f": {how_many(good, 'answer is', 'answers are')} right, {how_many(bad, 'is', 'are')} wrong"
    yield f"{made.pictures.title} ({count:,}){answers}"
    yield f"Grad-CAM weighs {made.layer.title} of {made.model.manifest.architecture.backbone}"
    yield complete(made.maps.gaps)


def complete(gaps: np.ndarray) -> str:
    """How exactly integrated gradients add up, in a sentence. `gaps`: (N,) of N images, see integrated_gradients."""
    met = int((gaps <= GAP).sum())
    images = f"{met} of {how_many(len(gaps), 'image')}" if met < len(gaps) else f"all of {how_many(met, 'image')}"
    worst = f"; the worst is off by {percent(gaps.max(), 1)}" if met < len(gaps) else ""
    return (
        "the integrated gradients of an image should add up to the change of the logit: "
        f"within {percent(GAP)} they do for {images}{worst}"
    )


def _checked(check: Check) -> Iterator[str]:
    for name, alike in check.alike.items():
        if alike.mean is None:
            yield f"{name}: the maps are the same everywhere, so that they cannot be compared with maps of re-drawn weights"
            continue
        if alike.mean >= ALIKE:
            meaning = "they hardly depend on the weights, and say more about the images than about the classifier"
        else:
            meaning = "they depend on the weights"
        yield (
            f"{name}: the rank correlation with maps of the same network with re-drawn weights is {alike} "
            f"({_images(alike)}); {meaning}"
        )
    if not check.inside:
        return
    chance, centre = check.inside["chance"]["inside"], check.inside["centre prior"]["inside"]
    yield f"the masks take {chance} of an image ({_images(chance)}), and {centre} of a Gaussian in the centre lies inside them"
    for name, figures in check.inside.items():
        if name in check.alike:
            drawn = check.inside[f"{name}{REDRAWN}"]["inside"]
            above, beyond = figures["above chance"], figures["above centre prior"]
            yield (
                f"{name}: {figures['inside']} of the map lies inside the masks, {_more(above, 'chance')} and "
                f"{_more(beyond, 'the centre prior')}; with re-drawn weights {drawn}"
            )


def _more(difference: Figure, what: str) -> str:
    """Whether a share is larger than a baseline, judged by the interval of the difference."""
    if difference.low is None or difference.high is None:
        return f"too few images to compare with {what}"
    word = "more than" if difference.low > 0 else "less than" if difference.high < 0 else "not distinguishable from"
    return f"{word} {what} (difference {difference})"


def _images(one: Figure) -> str:
    return how_many(one.images, "image")
