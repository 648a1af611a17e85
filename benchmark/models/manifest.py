"""The manifest of a kept classifier: everything that a person or a program must know to use it, in one JSON file."""

from typing import Literal

from pydantic import Field

from benchmark.networks.architecture import Architecture
from benchmark.specs.recipe import Recipe
from results.record import Frozen, Task

FORMAT = 4  # 1 had neither calibrated scores nor subgroups; 2, and 3 of volumes, did not say how many test images there are
MANIFEST, WEIGHTS, REFERENCE = "model.json", "weights.safetensors", "reference.safetensors"
EXPLANATIONS, SHEET, CHECK = "explanations", "sheet.png", "check.json"  # what `cats explain` adds, and the card shows


class VolumeReading(Frozen):
    """How slices are taken of a NIfTI file, see benchmark.data.readers.nifti_view.VolumeView."""

    views: Literal["slices", "orthogonal"] = "slices"
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    orientation: Literal["canonical", "stored"] = "canonical"
    range: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None


class Reading(Frozen):
    """How a picture file becomes the input of the network: the options of the reader that made the training images.

    Attributes:
        size: side of the square images, in pixels.
        white, range: see benchmark.data.readers.scale.Scale.
        window, frame: of DICOM files, see benchmark.data.readers.dicom_view.View.
        colour: False if all training images were grey; a picture in colour is then refused.
        slices: that the network sees of each volume; 1 for pictures. volume: how a NIfTI file is read; None if none can be.
        volumes: that the training images were volumes, where neither `slices` nor `volume` says so.
    """

    size: int = Field(ge=8, le=1024)
    white: float | None = None
    range: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    frame: int | Literal["first", "middle"] | None = None
    colour: bool = True
    slices: int = Field(1, ge=1, le=256)
    volume: VolumeReading | None = None
    volumes: bool = False

    @property
    def height(self) -> int:
        """Of the input of the network, in pixels: the slices of a volume lie one below the other."""
        return self.size * self.slices

    @property
    def of_volumes(self) -> bool:
        """Whether the training images were volumes."""
        return self.volumes or self.slices > 1 or self.volume is not None

    @property
    def unwritten(self) -> set[str]:
        """Keys that say nothing of these images, and that the file does not name."""
        return (set() if self.volumes else {"volumes"}) | (set() if self.of_volumes else {"slices", "volume"})


class Score(Frozen):
    """A metric of the test images with its interval; `low` and `high` are None where no interval is known."""

    value: float
    low: float | None = None
    high: float | None = None


class Counts(Frozen):
    """What the scores rest on.

    Attributes:
        images: the number of test images; volumes where an image is one.
        patients: the number of their patients; None where the patient of an image is not known.
    """

    images: int = Field(ge=1)
    patients: int | None = Field(None, ge=1)


class Threshold(Frozen):
    """An operating point: a threshold that was chosen on validation images, and what it gives on test images.

    Attributes:
        name: the class that is positive.
        fixed: the figure that was asked for. asked: its value.
        threshold: an image is positive if the calibrated probability of the class is at least this.
        sensitivity, specificity: on the test images.
    """

    name: str
    fixed: Literal["sensitivity", "specificity"]
    asked: float
    threshold: float
    sensitivity: Score
    specificity: Score


class SubgroupScore(Frozen):
    """A subgroup of the test images.

    Attributes:
        images: their number.
        score: of these images; None where the metric is not defined for them.
        remark: why the subgroup is not compared with others; empty if it is.
    """

    name: str
    images: int
    score: Score | None = None
    remark: str = ""


class SubgroupScores(Frozen):
    """The subgroups by one attribute, the worst one first, and a sentence that says whether they can be told apart."""

    attribute: str
    metric: str
    sentence: str
    groups: tuple[SubgroupScore, ...]


class Attribution(Frozen):
    """Where something comes from and what it may be used for."""

    role: Literal["source", "target"]
    name: str
    title: str
    licence: str
    citation: str


class Comparison(Frozen):
    """How the predictions of the kept network differ from those in the record of its cell.

    Attributes:
        largest: the largest difference of two probabilities of the test images, both in the number format of the record.
        tolerance: the difference that was allowed.
        equal_machine: whether the record comes from a machine with equal hardware and libraries, so that nothing may differ.
        precision: the number format of the record's predictions, `float32` or `bfloat16`.
        largest_float32: the largest difference of the record from the classifier as it is used, in float32.
        made_again: whether the network was trained again, because no weights of the cell had been stored.
    """

    largest: float
    tolerance: float
    equal_machine: bool
    precision: str
    largest_float32: float
    made_again: bool


class Manifest(Frozen):
    """A kept classifier.

    Attributes:
        format: of the model folder. A newer format is refused, an older one stays readable.
        name: of the folder, for example `breastmnist-imagenet-mobilenetv2_100-0`.
        key: of the cell that was kept.
        names: source, target, backbone, seed of the cell.
        classes: in the order of the outputs.
        recipe: every setting of the training.
        temperature: the logits are divided by it; None if no validation images were there to choose it.
        thresholds: operating points.
        scores: metrics of the test images, in the record, before the temperature; of two classes also `sensitivity` and
            `specificity` for the positive one, where the most probable class decides.
        tested: how many test images, and how many patients, all figures of test images rest on; None in formats before 4.
        calibrated: calibration error and Brier score of the test images with the temperature.
        subgroups: of the test images, by each attribute that the entry of the target declares.
        facts: of the record: digests of data, weights and images, leakage notes, duplicates.
        notes: sentences that a user of the network must know, for example about leakage.
        energy: kWh of the cell by provenance (`counter`, `modelled`), and the hardware whose energy is `missing`.
        environment: libraries and hardware of the machine that trained the network.
        digests: sha256 of the other files of the folder, by name.
        created: seconds since 1970.
    """

    format: int = FORMAT
    name: str
    key: str
    names: dict[str, str]
    task: Task
    classes: tuple[str, ...] = Field(min_length=2)
    architecture: Architecture
    reading: Reading
    recipe: Recipe
    temperature: float | None = Field(None, gt=0)
    thresholds: tuple[Threshold, ...] = ()
    scores: dict[str, Score] = {}
    tested: Counts | None = None
    calibrated: dict[str, Score] = {}
    subgroups: tuple[SubgroupScores, ...] = ()
    facts: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    comparison: Comparison | None = None
    energy: dict[str, float] = {}
    missing: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    digests: dict[str, str] = {}
    created: float
