"""The inputs of measures for one source and one target, computed when they are first needed.

All sources see the same images of a target in the same order: only training images that the plan's sub-sample draws for
its first seed, at most `most` of them, and never test images.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from benchmark.core.seed import generator
from benchmark.core.trainer_version import TRAINER
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.split import Subsample, draw_rows, split, split_and_subsample
from benchmark.measures.chosen_images import ChosenImages, at_most
from benchmark.measures.resampling import Shares, bootstrap_rows
from benchmark.measures.trained_network import Seen, features_through, target_trained, trained_key, untrained
from benchmark.networks.load import initial_network
from benchmark.networks.network import Network
from benchmark.specs.lineage import lineage
from benchmark.specs.measure import Draws, Score
from benchmark.specs.needs import OF_SOURCE, Undefined
from benchmark.specs.recipe import Recipe
from benchmark.specs.resolve import start_of
from benchmark.specs.resolved import ResolvedPlan
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from benchmark.training.features import classifier_of, frozen_recipe, last_layer
from results.error import CatsError
from results.files.digest import digest


@dataclass(frozen=True)
class ScoreSettings:
    """Settings by which all pairs of a plan are scored.

    Attributes:
        most: maximum number of images of the target and of the source. draws: number of bootstrap resamples.
        neutral: source whose backbone embeds both data sets, as a common feature space in which their images are compared.
        shares: whether the shares of the classes are "held" in the resamples or "drawn" too; see bootstrap_rows.
    """

    plan: ResolvedPlan
    device: str
    most: int = 1000
    draws: int = 50
    neutral: str = "imagenet"
    shares: Shares = "held"

    @cached_property
    def recipe(self) -> Recipe:
        """Size and precision of the features: those of the first point of the plan's recipe."""
        return self.plan.points[0]

    def target(self, name: str) -> ChosenImages:
        """The images of a target that measures see."""
        plan, target = self.plan.plan, self.plan.targets[name]
        images = load_images(target.dataset, self.recipe.size)
        rows = split_and_subsample(target.dataset, images, target.used(plan.subsample)[-1], plan.seeds[0])["train"]
        return ChosenImages(target.dataset, images, at_most(self.most, images, rows, name))

    def source(self, entry: Source) -> ChosenImages:
        """The images of a source, of which each target's pairs show a part. Raises Undefined if the source has no images."""
        if entry.dataset is None:
            raise Undefined(f"{entry.name} comes as weights without its images")
        images = load_images(entry.dataset, self.recipe.size)
        rows = split(entry.dataset, images)["train"]
        return ChosenImages(entry.dataset, images, at_most(self.most, images, rows, entry.dataset.name))


@dataclass(frozen=True)
class MeasureInputs:
    """All inputs of measures for a pair. elsewhere: mean ranks of the sources on the plan's other targets."""

    setting: ScoreSettings
    target: ChosenImages
    start: Start
    elsewhere: Mapping[str, float]

    def get(self, need: str) -> Any:
        """One of benchmark.specs.needs.NEEDS. Raises Undefined if it does not exist, CatsError if it is not here."""
        maker: Callable[[], Any] = {
            "features": lambda: self.features,
            "labels": lambda: self.target.labels,
            "logits": lambda: self.logits,
            "probabilities": lambda: self.probabilities,
            "neutral": lambda: _features(self.neutral, self.target, self.setting),
            "untrained": lambda: _features(untrained(self.start.backbone), self.target, self.setting),
            "trained": lambda: _features(target_trained(*self._wanted), self.target, self.setting),
            "source_features": lambda: _features(self.start, self.source_pool, self.setting)[self.shown],
            "source_neutral": lambda: _features(self.neutral, self.source_pool, self.setting)[self.shown],
            "source_labels": lambda: self.source_labels,
            "images": lambda: self.target.pixels.to(self.setting.device),
            "source_images": lambda: self.source_images.pixels.to(self.setting.device),
            "network": lambda: self._network(self.start).to(self.setting.device),
            "neutral_network": lambda: self._network(self.neutral).to(self.setting.device),
            "source": lambda: self.with_image_count,
            "elsewhere": lambda: self.elsewhere,
            # named as in earlier versions, so that a pair is scored with the random numbers that it had then
            "rng": lambda: generator("luck", self.start.source, self.target.dataset.name, self.start.backbone),
        }[need]
        return maker()

    @property
    def _wanted(self) -> tuple[ResolvedPlan, Dataset, str]:
        return self.setting.plan, self.target.dataset, self.start.backbone

    def _network(self, start: Start) -> Network:
        return initial_network(start, len(self.target.dataset.classes), 0, frozen_recipe(last_layer(self.setting.recipe)))

    @cached_property
    def entry(self) -> Source:
        """The source."""
        return self.setting.plan.sources[self.start.source][0]

    @cached_property
    def with_image_count(self) -> Source:
        """The source; its number of training images is counted if its entry declares none and they are on this machine."""
        try:
            count = self.entry.images or (self.entry.dataset and self.entry.dataset.images) or self._training_images()
        except CatsError:
            return self.entry
        return self.entry.model_copy(update={"images": count})

    def _training_images(self) -> int:
        return len(split(self.source_pool.dataset, self.source_pool.images)["train"])

    @cached_property
    def features(self) -> np.ndarray:
        """Features of the target images in the source's network, (N, D)."""
        return _features(self.start, self.target, self.setting)

    @cached_property
    def logits(self) -> np.ndarray:
        """Logits of the source's own classifier on the features, (N, S)."""
        if self.start.kind == "random":
            raise Undefined("scratch has no classes")
        classifier = classifier_of(self._network(self.start), self.start)
        if classifier is None:
            raise Undefined(f"the weights of {self.start.source} for {self.start.backbone} came without their classifier")
        weight, bias = classifier
        logits: np.ndarray = self.features.astype(np.float64) @ weight.T + bias
        return logits

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, (N, S); for a multi-label source sigmoids divided by their sum."""
        if self.entry.dataset is not None and self.entry.dataset.task == "multilabel":
            sigmoids = expit(self.logits)
            normalised: np.ndarray = sigmoids / sigmoids.sum(axis=1, keepdims=True)
            return normalised
        return np.asarray(softmax(self.logits, axis=1))

    @cached_property
    def neutral(self) -> Start:
        """The start of the neutral network, which embeds the images of both data sets."""
        plan = self.setting.plan
        return start_of(lineage(self.setting.neutral), self.start.backbone, 0, plan.plan.pretraining, plan.registry)

    @cached_property
    def source_pool(self) -> ChosenImages:
        """The images of the source whose features are computed, once for all targets."""
        return self.setting.source(self.entry)

    @cached_property
    def shown(self) -> np.ndarray:
        """Which images of the pool measures see, (M,) int64: as many as there are of the target, classes in proportion.

        With more images of one source than of another, the nearest image is nearer, and a distance less biased.
        """
        pool = self.source_pool
        rng = generator("as many as of the target", pool.dataset.name)
        return draw_rows(pool.labels, np.arange(len(pool.rows)), len(self.target.rows), Subsample(), rng)

    @cached_property
    def source_images(self) -> ChosenImages:
        """The images of the source that measures see."""
        return replace(self.source_pool, rows=self.source_pool.rows[self.shown])

    def noted(self, score: Score, needs: Collection[str]) -> Score:
        """The score, with a note where it rests on fewer images of the source than those of other sources do."""
        if not set(needs) & OF_SOURCE or np.isnan(score.value) or len(self.shown) == len(self.target.rows):
            return score
        note = f"{self.entry.name} has {len(self.shown)} images, and larger sources show {len(self.target.rows)} here"
        return replace(score, reason="; ".join(filter(None, [score.reason, f"{note}: fewer images can move a score"])))

    @cached_property
    def source_labels(self) -> np.ndarray:
        """Labels of the source images, (M,) int64."""
        if self.source_images.labels.ndim > 1:
            raise Undefined(f"the images of {self.entry.name} have several labels each")
        return self.source_images.labels

    @cached_property
    def draws(self) -> Draws:
        """The bootstrap resamples, the same for every source of a target."""
        name = self.target.dataset.name
        how = self.setting.draws, self.setting.shares
        target = bootstrap_rows(self.target.labels, *how, generator("resamples", name))
        try:
            labels = self.source_images.labels
        except CatsError:
            labels = np.zeros(0, dtype=np.int64)
        return Draws(target, bootstrap_rows(labels, *how, generator("resamples", name, self.entry.name)))

    def identity(self, needs: Collection[str]) -> str:
        """Digest of everything that decides the score of a measure with these needs, except the measure itself."""
        recipe = {"size": self.setting.recipe.size, "precision": self.setting.recipe.precision}
        rows = digest(self.target.images.ids[self.target.rows].tolist())
        content: list[Any] = [TRAINER, self.start.source, self.start.key, self.start.backbone, recipe]
        content += [self.target.images.digest, rows, self.setting.most, self.setting.draws, self.setting.shares]
        if any("neutral" in need for need in needs):
            content.append(["neutral", self.neutral.key])
        if "trained" in needs:
            content.append(["trained", trained_key(*self._wanted)])
        if "elsewhere" in needs:
            content.append(["elsewhere", dict(self.elsewhere)])
        if "source" in needs:
            content.append(["source", self.with_image_count.model_dump(mode="json", exclude={"dataset": {"identifiers"}})])
        return digest(content)


def _features(start: Seen, chosen: ChosenImages, setting: ScoreSettings) -> np.ndarray:
    return features_through(start, chosen.images, chosen.rows, last_layer(setting.recipe), setting.device)
