"""Tables of what bf16 changes."""

import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from precision.cases import WAYS, Case, Trained
from training.figure import half_of

Found = Mapping[Case, Sequence[Trained]]
HALF = "mean ± half of a 95 % interval"


def head(sentence: str, *columns: str, texts: int) -> Iterator[str]:
    """A sentence and the head of a table, whose first columns are texts."""
    yield from ("", sentence, "", f"| {' | '.join(columns)} |")
    yield f"| {' | '.join('---' if number < texts else '---:' for number in range(len(columns)))} |"


def differences(found: Found) -> Iterator[str]:
    """The same weights, evaluated in several ways."""
    ways = [way for way in WAYS if way != "fp32"]
    yield from head(
        "The same weights predict in another way than in fp32. AUC: difference of bf16, mean ± SD over seeds, and the largest. "
        "Ways: the largest difference of a probability, and the median over images and seeds:",
        "network, images, epochs", "trained in", "AUC", "largest", *ways, texts=2,
    )  # fmt: skip
    for case, made in found.items():
        for word in ("fp32", "bf16"):
            some = [one for one in made if one.word == word]
            areas = [one.auc("bf16") - one.auc("fp32") for one in some]
            apart = " | ".join(_largest([_apart(one, one, way) for one in some], 3) for way in ways)
            yield f"| {case}, {case.epochs} | {word} | {_level(areas, '+.3f')} | {max(map(abs, areas)):.3f} | {apart} |"


def spread(found: Found) -> Iterator[str]:
    """Training in bf16 instead of fp32, beside another seed; both evaluated in fp32."""
    yield from head(
        f"Training in bf16 instead of fp32, beside another seed; all are evaluated in fp32. AUC: mean ± SD over seeds; "
        f"difference: {HALF}; probabilities: largest difference and median:",
        "network, images, epochs, seeds", "AUC, trained in fp32", "in bf16", "difference", "probabilities, other format",
        "probabilities, other seed", texts=1,
    )  # fmt: skip
    for case, made in found.items():
        exact, rough = ([one for one in made if one.word == word] for word in ("fp32", "bf16"))
        areas = [[one.auc("fp32") for one in some] for some in (exact, rough)]
        same_seed = [_apart(one, other) for one, other in zip(exact, rough, strict=True)]
        other_seed = [_apart(one, other) for one, other in itertools.combinations(exact, 2)]
        yield (
            f"| {case}, {case.epochs}, {len(exact)} | {_level(areas[0], '.3f')} | {_level(areas[1], '.3f')} | "
            f"{_interval(list(np.subtract(areas[1], areas[0])))} | {_largest(same_seed)} | {_largest(other_seed)} |"
        )


def choice(found: Found) -> Iterator[str]:
    """The epoch that validation in bf16 chooses, beside that of fp32, by the smallest loss."""
    yield from head(
        f"The epoch with the smallest validation loss, if that is computed in bf16 instead of fp32, and the test AUC in fp32 "
        f"of the network of that epoch, minus that of the other ({HALF}):",
        "network, images, epochs", "trainings", "same epoch", "AUC", "largest", texts=1,
    )  # fmt: skip
    for case, made in found.items():
        chosen = [[min(one.epochs[name], key=lambda each: each[0]) for name in ("fp32", "bf16")] for one in made]
        same = sum(
            np.argmin([loss for loss, _ in one.epochs["fp32"]]) == np.argmin([loss for loss, _ in one.epochs["bf16"]])
            for one in made
        )
        areas = [rough[1] - exact[1] for exact, rough in chosen]
        yield f"| {case}, {case.epochs} | {len(made)} | {same} | {_interval(areas)} | {max(map(abs, areas)):.3f} |"


def seconds(found: Found) -> Iterator[str]:
    """What evaluation costs."""
    yield from head(
        "Seconds of a training in bf16 (mean over seeds), and how much longer the cell takes if only the restored network is "
        "evaluated in fp32, or if every validation is too:",
        "network, images, epochs", "training steps", "validations in bf16", "in fp32", "test images in bf16", "in fp32",
        "restored network", "everything", texts=1,
    )  # fmt: skip
    for case, made in found.items():
        some = [one.seconds for one in made if one.word == "bf16"]
        steps, rough, exact, test_rough, test_exact = (
            statistics.fmean(each[name] for each in some) for name in ("training", "bf16", "fp32", "test bf16", "test fp32")
        )
        before = steps + rough + test_rough + rough / case.epochs
        late, always = (steps + validations + test_exact + exact / case.epochs for validations in (rough, exact))
        yield (
            f"| {case}, {case.epochs} | {steps:.1f} | {rough:.2f} | {exact:.2f} | {test_rough:.2f} | {test_exact:.2f} | "
            f"{100 * (late / before - 1):+.1f} % | {100 * (always / before - 1):+.1f} % |"
        )


def probe_table(probed: Mapping[Case, Sequence[tuple[float, float, float]]]) -> Iterator[str]:
    """A probe on features in bf16 instead of fp32."""
    yield from head(
        f"A linear probe on features of the network with its ImageNet weights; test AUC (mean ± SD over draws of the training "
        f"images) and differences from it ({HALF}, and the largest):",
        "network, images, draws", "features in fp32", "in bf16", "largest", "fitted in bf16, used in fp32", "largest", texts=1,
    )  # fmt: skip
    for case, made in probed.items():
        exact, *others = map(np.array, zip(*made, strict=True))
        figures = [f"{_interval(list(each - exact))} | {np.abs(each - exact).max():.3f}" for each in others]
        yield f"| {case}, {len(made)} | {_level(list(exact), '.3f')} | {' | '.join(figures)} |"


def _apart(one: Trained, other: Trained, way: str = "fp32") -> np.ndarray:
    """Differences of the probabilities of one network in fp32 from those of another one, or of itself, in some way."""
    return np.abs(one.probabilities["fp32"] - other.probabilities[way])


def _largest(some: Sequence[np.ndarray], digits: int = 2) -> str:
    if not some:
        return "-"
    largest, median = max(float(each.max()) for each in some), statistics.median(float(np.median(each)) for each in some)
    return f"{largest:.{digits}f}, {median:.{digits + 1}f}"


def _level(values: Sequence[float], form: str) -> str:
    return f"{statistics.fmean(values):{form}} ± {statistics.stdev(values) if len(values) > 1 else 0:{form.lstrip('+')}}"


def _interval(values: Sequence[float]) -> str:
    """As HALF says; the mean alone of a single value."""
    if len(values) < 2:
        return f"{values[0]:+.3f}"
    return f"{statistics.fmean(values):+.3f} ± {half_of(values):.3f}"
