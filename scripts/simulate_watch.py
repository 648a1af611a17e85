"""How often `cats watch` raises an alarm, with and without a change: simulated on real images with a real network.

python scripts/simulate_watch.py            prints the tables of docs/watch.md; about half an hour on one core
python scripts/simulate_watch.py --write    puts them there
python scripts/simulate_watch.py 20         fewer draws of each kind, for a first look

The network is mobilenetv2_035 with ImageNet weights and a head that is fitted to training images. Features are computed once
for every image and every change; each draw deals out the held-out images again to the reference and to the new images, because
one fixed reference would favour one outcome. CATS_DATA and CATS_WEIGHTS must name the folders of the files.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from sklearn.linear_model import LogisticRegression

from benchmark.data.decoded import load_images, resized_square
from benchmark.models.change import find_change
from benchmark.models.distance import NEIGHBOUR, ORDINARY, Distance, upper_quantile
from benchmark.models.sample import Sample
from benchmark.models.statistics import image_statistics
from benchmark.networks.network import Network
from benchmark.networks.weight_file import read_weights
from benchmark.specs import catalogue
from benchmark.specs.recipe import Recipe

PAGE = Path(__file__).parents[1] / "docs" / "watch.md"
BEGIN, END = "<!-- watch: begin -->\n", "<!-- watch: end -->"
DRAWS = 400
PERMUTATIONS = 499
EPOCHS = 10  # of the fine-tuned network
SIZE = 64  # pixels, of the input of the network
TRAINED, REFERENCE = 1500, 500  # images, at the most
NATIVE = {"idc": 50, "pneumoniamnist": 28, "breastmnist": 28, "retinamnist": 28}
Change = Callable[[np.ndarray], np.ndarray]


def brighter(image: np.ndarray) -> np.ndarray:
    return np.minimum(image * 1.1, 255).round().astype(np.uint8)


def by_pillow(change: Callable[[Image.Image], Image.Image]) -> Change:
    def changed(image: np.ndarray) -> np.ndarray:
        return np.asarray(change(Image.fromarray(image.squeeze()))).reshape(image.shape)

    return changed


def jpeg(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=30)
    return Image.open(file)


def stained(image: np.ndarray) -> np.ndarray:
    """20 % more haematoxylin and 20 % less eosin."""
    from skimage.color import hed2rgb, rgb2hed

    return (hed2rgb(rgb2hed(image) * (1.2, 0.8, 1.0)) * 255).round().astype(np.uint8)


CHANGES: dict[str, Change] = {
    "brightness + 10 %": brighter,
    "blur, Gaussian of 1 px": by_pillow(lambda picture: picture.filter(ImageFilter.GaussianBlur(1))),
    "JPEG of quality 30": by_pillow(jpeg),
    "stain: + 20 % haematoxylin, - 20 % eosin": stained,
}


@dataclass(frozen=True)
class Images:
    """Images as numbers; `parts` and `groups` as the data set says; with what a classifier has said of them, or without."""

    features: np.ndarray
    statistics: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    groups: np.ndarray
    predicted: np.ndarray
    distance: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Images":
        return Images(*(values[chosen] for values in vars(self).values()))


def backbone() -> Network:
    file = Path(os.environ["CATS_WEIGHTS"]) / "mobilenetv2_035.imagenet.safetensors"
    return Network("mobilenetv2_035", read_weights(file), 2, Recipe(size=SIZE)).eval()


def pixels_of(name: str, *, grey: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, labels, parts and groups of a data set, in the size of its files."""
    decoded = load_images(catalogue.target(name).dataset, NATIVE[name])
    pixels = np.asarray(decoded.images)
    if grey:
        pixels = np.stack([np.asarray(Image.fromarray(each).convert("L")) for each in pixels])[..., None]
    return pixels, decoded.labels, decoded.parts, np.unique(decoded.groups, return_inverse=True)[1]


def measured(network: Network, pixels: np.ndarray, labels: np.ndarray, parts: np.ndarray, groups: np.ndarray) -> Images:
    inputs = np.stack([resized_square(each, SIZE) for each in pixels])
    features = []
    with torch.inference_mode():
        for batch in np.array_split(inputs, max(1, len(inputs) // 256)):
            tensor = torch.from_numpy(batch).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1)
            features.append(network.features(tensor.contiguous()).numpy())
    shapes = np.broadcast_to(pixels.shape[1:3], (len(pixels), 2))
    unknown = np.zeros(len(labels))
    return Images(np.concatenate(features), image_statistics(inputs, shapes), labels, parts, groups, unknown, unknown)


@dataclass(frozen=True)
class Judge:
    """What a kept classifier knows: a head, and the distance from its training images."""

    head: LogisticRegression
    distance: Distance

    @staticmethod
    def of(training: Images) -> "Judge":
        head = LogisticRegression(C=0.01, max_iter=500).fit(training.features, training.labels)
        unit = training.features / np.linalg.norm(training.features, axis=1, keepdims=True)
        return Judge(head, Distance(unit, NEIGHBOUR, np.inf))

    def judged(self, images: Images) -> Images:
        predicted = self.head.predict(images.features)[:, None] == (0, 1)
        return replace(images, predicted=predicted, distance=self.distance.score(images.features))


def alarm(new: Images, reference: Images, *, grouped: bool) -> tuple[bool, tuple[str, ...]]:
    validation = reference.distance[: len(reference.distance) // 2]  # the others are test images
    threshold = upper_quantile(validation, ORDINARY)
    samples = [
        Sample(side.features, side.predicted, side.distance > threshold, side.statistics, side.groups if grouped else None)
        for side in (new, reference)
    ]
    change = find_change(*samples, permutations=PERMUTATIONS)
    return change.changed, tuple(finding.test for finding in change.alarms)


@dataclass(frozen=True)
class Case:
    """Held-out images, and what is drawn from them.

    Attributes:
        new: the same rows as `held`, in the form in which they are new images.
        weights: how likely a row is drawn as new. take: how new and reference rows are chosen, by default at random.
    """

    held: Images
    new: Images | None = None
    weights: np.ndarray | None = None
    patients: bool = False
    grouped: bool = False

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        rows = len(self.held.labels)
        if self.patients:
            return self._by_patient(rng, count)
        if self.weights is None:
            order = rng.permutation(rows)
            ours, theirs = order[:count], order[count:]
        else:
            ours = rng.choice(rows, count, replace=False, p=self.weights / self.weights.sum())
            theirs = rng.permutation(np.setdiff1d(np.arange(rows), ours))
        return (self.new or self.held).rows(ours), self.held.rows(theirs[:REFERENCE])

    def _by_patient(self, rng: np.random.Generator, count: int, most: int = 25) -> tuple[Images, Images]:
        """New patients with `most` images each; the reference is of other patients."""
        names, counts = np.unique(self.held.groups, return_counts=True)
        order = rng.permutation(names[counts >= most])
        chosen = [rng.choice(np.flatnonzero(self.held.groups == name), most, replace=False) for name in order]
        first = count // most
        ours, theirs = np.concatenate(chosen[:first]), np.concatenate(chosen[first : first + REFERENCE // most])
        return self.held.rows(ours), self.held.rows(theirs)

    def alarms(self, count: int, draws: int) -> tuple[float, str]:
        """Share of draws with an alarm, and the tests that raise most of them."""
        rng = np.random.default_rng(0)
        found = [alarm(*self.draw(rng, count), grouped=self.grouped) for _ in range(draws)]
        tests = [test for _, alarms in found for test in alarms]
        often = sorted(set(tests), key=lambda test: (-tests.count(test), test))[:3]
        told = ", ".join(f"{test} {100 * tests.count(test) / draws:.0f}" for test in often)
        return float(np.mean([alarm for alarm, _ in found])), told


def without_change(idc: Case, pneumonia: Case, draws: int) -> Iterator[tuple[str, int, float, str]]:
    for name, case in (("idc, held-out images", idc), ("pneumoniamnist, held-out images", pneumonia)):
        for count in (50, 200, 1000):
            yield name, count, *case.alarms(count, draws)


def doubtful(idc: Case, training: Images, draws: int) -> Iterator[tuple[str, int, float, str]]:
    """What the promise depends on: the reference is no training data, and images are independent."""
    yield "idc, reference of training images, head fitted", 200, *SeenCase(idc.held, seen=training).alarms(200, draws)
    tuned, seen, _ = case_of(fine_tuned(*pixels_of("idc")[:2]), "idc", TRAINED, [])
    yield "idc, reference of training images, network fine-tuned", 200, *SeenCase(tuned.held, seen=seen).alarms(200, draws)
    yield "idc, reference of held-out images, network fine-tuned", 200, *tuned.alarms(200, draws)
    by_patient = replace(idc, patients=True)
    yield "idc, 8 new patients of 25 images, groups not stated", 200, *by_patient.alarms(200, draws)
    yield "idc, 8 new patients of 25 images, `--group`", 200, *replace(by_patient, grouped=True).alarms(200, draws)


@dataclass(frozen=True)
class SeenCase(Case):
    """The reference holds the images that the head and the distance were fitted to."""

    seen: Images | None = None

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        assert self.seen is not None
        seen = rng.permutation(len(self.seen.labels))[:REFERENCE]
        return self.held.rows(rng.permutation(len(self.held.labels))[:count]), self.seen.rows(seen)


def fine_tuned(pixels: np.ndarray, labels: np.ndarray) -> Network:
    """The network trained on the training images of `case_of`, until it knows them by heart."""
    torch.manual_seed(0)
    network = backbone().train()
    rows = training_rows(len(labels), TRAINED)
    inputs = torch.from_numpy(np.stack([resized_square(pixels[row], SIZE) for row in rows])).permute(0, 3, 1, 2)
    truth = torch.from_numpy(labels[rows])
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(64):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs[batch].float() / 255), truth[batch]).backward()
            optimiser.step()
    return network.eval()


def training_rows(count: int, training: int) -> np.ndarray:
    """The rows that are no held-out images."""
    return np.random.default_rng(1).permutation(count)[:training]


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    draws = numbers[0] if numbers else DRAWS
    made = ""
    for text in tables(draws):
        print(text, flush=True)
        made += text + "\n"
    if "--write" in sys.argv:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        PAGE.write_text(before + BEGIN + made + END + rest.split(END, 1)[1], encoding="utf-8")


def case_of(network: Network, name: str, training: int, changes: list[str]) -> tuple[Case, Images, dict[str, Case]]:
    """A data set split at random into training and held-out images; and the held-out images after each change."""
    pixels, labels, parts, groups = pixels_of(name)
    train = training_rows(len(labels), training)
    held = np.random.default_rng(2).permutation(np.setdiff1d(np.arange(len(labels)), train))
    images = measured(network, pixels, labels, parts, groups)
    judge = Judge.of(images.rows(train))
    case = Case(judge.judged(images.rows(held)))
    few = held[:2500]
    changed = {}
    for change in changes:
        new = np.stack([CHANGES[change](each) for each in pixels[few]])
        changed[change] = Case(
            judge.judged(images.rows(few)), judge.judged(measured(network, new, labels[few], parts[few], groups[few]))
        )
    return case, judge.judged(images.rows(train)), changed


def tables(draws: int) -> Iterator[str]:
    torch.manual_seed(0)
    network = backbone()
    names = list(CHANGES)
    idc, training, idc_changed = case_of(network, "idc", TRAINED, names)
    pneumonia, _, pneumonia_changed = case_of(network, "pneumoniamnist", TRAINED, names[:3])
    head = ["| images | new | alarms | tests that raise them, % of draws |", "| --- | ---: | ---: | --- |"]
    yield from ("", f"Without a change, {draws} draws each:", "", *head)
    for row in without_change(idc, pneumonia, draws):
        yield line(row)
    yield from ("", f"Where the promise ends, no change either, {draws // 4} draws each:", "", *head)
    for row in doubtful(idc, training, draws // 4):
        yield line(row)
    yield from ("", f"With a change, {draws // 4} draws each:", "", *head)
    for name, changed in (("idc", idc_changed), ("pneumoniamnist", pneumonia_changed)):
        for change, case in changed.items():
            yield line((f"{name}: {change}", 200, *case.alarms(200, draws // 4)))
    share = idc.held.labels.mean()
    weights = np.where(idc.held.labels == 1, 0.5 / share, 0.5 / (1 - share))
    name = f"idc: share of the positive class {100 * share:.0f} -> 50 %, images as before"
    yield line((name, 200, *replace(idc, weights=weights).alarms(200, draws // 4)))
    yield line(("breastmnist: pictures of retinamnist, in grey", 200, *other_set(network).alarms(200, draws // 4)))


def other_set(network: Network) -> Case:
    """Eye fundus photographs where ultrasound of the breast is expected."""
    breast = measured(network, *pixels_of("breastmnist"))
    eyes = measured(network, *pixels_of("retinamnist", grey=True))
    known = breast.parts == "train"
    judge = Judge.of(breast.rows(known))
    return OtherCase(judge.judged(breast.rows(~known)), other=judge.judged(eyes))


@dataclass(frozen=True)
class OtherCase(Case):
    """New images are of another data set; the reference is whole."""

    other: Images | None = None

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        assert self.other is not None
        return self.other.rows(rng.permutation(len(self.other.labels))[:count]), self.held


def line(row: tuple[str, int, float, str]) -> str:
    name, count, alarms, tests = row
    return f"| {name} | {count:,} | {100 * alarms:.1f} % | {tests} |"


if __name__ == "__main__":
    main()
