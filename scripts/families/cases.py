"""The families of timm that are tried, and one attempt: a plan through `cats run` or `cats score` in this process."""

import contextlib
import io
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cli import main as cli
from benchmark.core.paths import features_folder, networks_folder, pretrained_folder
from benchmark.execution.records import runs_of
from benchmark.specs import catalogue
from results.agreement.scores import read_scores

# The smallest member of each family; timm's own test models are smaller, but nobody uses them.
FAMILIES = {
    "ResNet": "resnet10t", "ResNetV2": "resnetv2_18", "ResNeXt": "resnext26ts", "DenseNet": "densenet121",
    "EfficientNet": "efficientnet_b0", "MobileNetV2": "mobilenetv2_035", "MobileNetV3": "mobilenetv3_small_050",
    "MobileNetV4": "mobilenetv4_conv_small_035", "ConvNeXt": "convnext_atto", "Swin": "swin_tiny_patch4_window7_224",
    "ViT": "vit_tiny_patch16_224", "DeiT": "deit_tiny_patch16_224", "BEiT": "beit_base_patch16_224",
    "EVA": "eva02_tiny_patch14_224", "MaxViT": "maxvit_pico_rw_256", "CaiT": "cait_xxs24_224", "Xception": "legacy_xception",
    "Inception": "inception_v3", "VGG": "vgg11", "RegNet": "regnetx_002", "HRNet": "hrnet_w18_small",
    "GhostNet": "ghostnet_050", "RepVGG": "repvgg_a0", "CoAtNet": "coatnet_pico_rw_224", "FastViT": "fastvit_t8",
    "EfficientViT": "efficientvit_b0", "DINOv2": "vit_small_patch14_dinov2",
}  # fmt: skip
SIZES = (64, 224)
PROTOCOLS = ("finetune", "probe", "lora")
SCORE = "score"
PLAN = """\
experiment: {experiment}
sources: [noise]
targets: [breastmnist]
backbones: [{backbone}]
recipe: {{protocol: {protocol}, size: {size}, epochs: 1, batch_size: 8}}
pretraining: {{size: {own}, epochs: 0}}
subsample: {{train: 40, val: 30}}
seeds: 1
measures: [{measures}]
"""
OWN = 224  # pixels: the size of the weights, from which timm interpolates positions and windows
NOISE = '''\
"""Random pictures of two brightnesses: weights for all backbones, with a classifier and with source images."""

import numpy as np

from benchmark import Dataset, Samples, Source


def read(_):
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = [rng.integers(0, 256, size=(32, 32), dtype=np.uint8) // (1 + label) for label in labels.tolist()]
    return Samples(images, labels.astype(np.int64), [f"image {number}" for number in range(40)])


dataset = Dataset(
    name="noise", title="Random pictures", modality="none", task="binary", classes=("bright", "dark"), licence="CC0",
    citation="ours", shape=(32, 32), images=40, groups="image", read=read,
)
source = Source(name="noise", title=dataset.title, dataset=dataset, licence="CC0", citation="ours")
'''
ELSEWHERE = "write size: "
STOPPED = 128  # and the number of the signal is the exit code of a command that a signal stopped


@dataclass(frozen=True)
class Attempt:
    """One attempt and how it ended.

    Attributes:
        what: a protocol, or SCORE. asked: the size that the table has; size: the size of this attempt.
        works: whether the cell, or the scores of the pair, are finished.
        said: the sentence of what does not work; of scores, how many measures gave one.
        reasons: of scores, measure → why it gives none.
    """

    family: str
    backbone: str
    what: str
    asked: int
    size: int
    works: bool
    said: str
    reasons: dict[str, str]
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether it was refused before anything started, with sizes that work."""
        return not self.works and ELSEWHERE in self.said


def prepare(folder: Path) -> None:
    """Make the folder in which the attempts work, with the entry of their source; this process works there from now on."""
    entries = folder / "entries" / "sources"
    entries.mkdir(parents=True, exist_ok=True)
    (entries / "noise.py").write_text(NOISE, encoding="utf-8")
    os.environ["CATS_ENTRIES"], os.environ["CATS_HOME"] = str(folder / "entries"), str(folder / "home")
    os.chdir(folder)


def attempts(family: str, size: int, whats: tuple[str, ...], done: Sequence[Attempt] = ()) -> Iterator[Attempt]:
    """Try a family at a size, without the attempts that are done: those of an earlier call, which may have ended between two.

    What is refused with sizes that work is tried at the largest of these, too.
    """
    known = {(each.what, each.size == size): each for each in done if (each.family, each.asked) == (family, size)}
    for what in whats:
        first = known.get((what, True))
        if first is None:
            first = attempt(family, what, size, size)
            yield first
        if first.refused and (what, False) not in known:
            yield attempt(family, what, size, largest_size(first.said))
    for made in (features_folder(), networks_folder(), pretrained_folder()):
        shutil.rmtree(made, ignore_errors=True)


def largest_size(said: str) -> int:
    """The largest of the sizes that a refusal names, the last one."""
    return int(re.findall(r"\d+", said.partition(ELSEWHERE)[2].partition(",")[0])[-1])


def attempt(family: str, what: str, asked: int, size: int) -> Attempt:
    """Run one plan: a cell of a protocol, or the scores of all measures."""
    backbone, protocol = FAMILIES[family], "probe" if what == SCORE else what
    experiment = f"{backbone}-{size}-{what}"
    measures = sorted(catalogue.names("similarity")) if what == SCORE else ["random"]
    text = PLAN.format(
        experiment=experiment, backbone=backbone, protocol=protocol, size=size, own=OWN, measures=", ".join(measures)
    )
    Path("plan.yaml").write_text(text, encoding="utf-8")
    command = ["score", "plan.yaml", "--sample", "20", "--draws", "10", "--neutral", "scratch"]
    start = time.monotonic()
    code, output = call(command if what == SCORE else ["run", "plan.yaml"])
    if code > STOPPED:  # by a signal: this is no attempt, and no other one begins
        sys.exit(code)
    works, said, reasons = ended(experiment, what, code, output)
    return Attempt(family, backbone, what, asked, size, works, said, reasons, round(time.monotonic() - start, 1))


def call(arguments: list[str]) -> tuple[int, str]:
    """Run the command line in this process. Returns its exit code and what it printed."""
    printed = io.StringIO()
    before = sys.argv
    sys.argv = ["cats", *arguments, "--device", "cpu"]
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = cli.main() or 0  # type: ignore[func-returns-value]
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
    return code, printed.getvalue()


def ended(experiment: str, what: str, code: int, output: str) -> tuple[bool, str, dict[str, str]]:
    """Whether an attempt works, what was said, and why measures give no score, by the exit code and the database."""
    lines = output.strip().splitlines() or [f"ended with exit code {code} and without a word"]
    if code == 2:
        said = " ".join(output.partition("cats: ")[2].split()) or lines[-1]
        return False, said.removeprefix("recipe: "), {}
    if code:
        failed = [line.partition("failed: ")[2] for line in lines if "failed: " in line]
        return False, (failed or lines)[-1].strip(), {}
    frame = runs_of("sqlite:///mlflow.db", experiment)
    if what != SCORE:
        works = bool(((frame["kind"] == "cell") & (frame["status"] == "FINISHED")).any())
        return works, "" if works else "no cell is finished", {}
    scores = read_scores(frame, experiment)
    reasons = {score.measure: str(score.reason) for score in scores if score.value is None}
    return True, f"{len(scores) - len(reasons)} of {len(scores)}", reasons
