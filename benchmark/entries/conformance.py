"""The promises of an entry, each a function: the same for users' own entries and for ours.

A promise examines a Case and returns a sentence about the result. A returned Note is a sentence that needs attention; a
raised CatsError says how the promise is broken. The Case stores what one promise has read for the next promises.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from benchmark.data.as_declared import check_samples
from benchmark.data.copies import WAYS_OUT_OF_COPIES, refusal, shared_in_words
from benchmark.data.copy_notes import copies_note, labels_note
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images, resized
from benchmark.data.overlap import overlaps_within
from benchmark.data.readers.cells import absent_groups, alike_labels, quoted
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.samples import PARTS, Samples, TreeReader
from benchmark.data.split import copies_left_out, official_rows, require_whole_groups, split, uneven_class
from benchmark.data.volumes import in_words, slice_count
from benchmark.entries.doubts import doubtful_labels
from benchmark.entries.finding import STEP_BACKBONE, STEP_IMAGES, STEP_PIXELS, Finding, Note, require_facts, run_promise
from benchmark.entries.left_out import folders_left_out, left_out, require_few
from benchmark.entries.part_sizes import origin, part_sizes
from benchmark.entries.stored_numbers import dark_class, extremes
from benchmark.entries.value_range import doubt_of_levels
from results.error import CatsError
from results.text.counts import how_many, share_of

ENOUGH = 20  # training images of a class; a smaller number gives a Note


class Case:
    """A data set under examination, decoded at `size` pixels when a promise first needs its images.

    `is_target`: whether the data set is a target, whose val and test images decide something.
    """

    def __init__(self, dataset: Dataset, size: int, *, is_target: bool = True) -> None:
        self.dataset, self.size, self.is_target = dataset, size, is_target

    @cached_property
    def samples(self) -> Samples:
        """The table that the reader returns; its images can be iterated over once."""
        return self.dataset.read(self.dataset.folder())

    @cached_property
    def grouping(self) -> tuple[np.ndarray, np.ndarray]:
        """Groups and official parts of all images, (N,) str; empty strings where there are none. No image is decoded."""
        blank = [""] * len(self.samples.ids)
        return np.array(self.samples.groups or blank, dtype=str), np.array(self.samples.parts or blank, dtype=str)

    @cached_property
    def images(self) -> Decoded:
        """All images, decoded."""
        return load_images(self.dataset, self.size)

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """Row numbers of train, val and test."""
        return split(self.dataset, self.images)

    def counts(self, chosen: np.ndarray) -> np.ndarray:
        """Number of images of each class among the rows `chosen`, (C,)."""
        labels = self.images.labels[chosen]
        return labels.sum(axis=0) if labels.ndim > 1 else np.bincount(labels, minlength=len(self.dataset.classes))


def described(case: Case) -> str:
    """The entry gives title, modality, licence and citation."""
    return require_facts(
        case.dataset.name, {key: getattr(case.dataset, key) for key in ("title", "modality", "licence", "citation")}
    )


def files(case: Case) -> str:
    """The files of the data set are in a data folder."""
    folder = case.dataset.folder()
    if not case.dataset.tree or not isinstance(case.dataset.read, TreeReader):
        return str(folder) if case.dataset.files or case.dataset.tree else "no file is needed"
    tree = Tree(folder)
    try:
        taken = case.dataset.read.files(tree)
    except CatsError:
        return str(folder)  # the promise `labels` reads these files and says what is wrong
    left = left_out(tree, taken, case.dataset.read.expects)
    require_few(tree, left, taken)
    lost = folders_left_out(tree, taken, case.dataset.read)
    text = "; ".join((str(folder), *left.sentences(), *lost))
    return Note(text) if left.missed or left.archives or lost else text


def checksums(case: Case) -> str:
    """The files have the declared checksums."""
    case.dataset.verify()
    if not case.dataset.files:
        return "identity from names and contents" if case.dataset.tree else f"revision {case.dataset.revision}"
    bare = [file.path for file in case.dataset.files if file.declared is None]
    return (
        Note(f"no checksum is declared for {', '.join(bare)}; a changed file would not be noticed") if bare else "as declared"
    )


def labels(case: Case) -> str:
    """Number of images and classes are as declared, and the labels fit the task."""
    dataset, samples = case.dataset, case.samples
    check_samples(dataset, samples)
    facts = f"{len(samples.ids):,} images, {len(dataset.classes)} classes, {dataset.task}"
    facts += ", as declared" if dataset.images is not None else ""
    notes = [*([] if dataset.images is not None else ["the entry declares no number of images"]), *samples.left_out]
    notes += doubtful_labels(dataset, samples)
    return Note("; ".join((facts, *notes))) if notes else facts


def pictures(case: Case) -> str:
    """Every image can be read and has the declared shape."""
    images, shape = case.images, case.dataset.shape
    facts = f"all {len(images.ids):,} can be read, {'grey' if images.images.shape[-1] == 1 else 'colour'}"
    each = in_words(slice_count(*images.images.shape[1:3]))
    facts += f", each {each}" if each else ""
    return f"{facts}, {shape[0]} × {shape[1]} as declared" if shape else f"{facts}; no shape is declared, shapes may differ"


def values(case: Case) -> str:
    """Images are not blank, and use most of the grey levels."""
    least, most = extremes(case.images.images)
    blank, low, high = int((least == most).sum()), int(least.min()), int(most.max())
    doubt = doubt_of_levels(case.samples, low, high)
    if blank == len(most):
        raise CatsError(f"{case.dataset.name}: every image is blank: all its pixels have one value")
    facts = f"values from {low} to {high}"
    doubts = [f"{share_of(blank, len(most), 'images', 'is', 'are')} blank"] if blank else []
    dark = dark_class(most, case.images.labels, case.dataset.classes)
    doubts += [each for each in (doubt, dark) if each]
    return Note("; ".join((facts, *doubts))) if doubts else facts


def groups(case: Case) -> str:
    """No patient (slide, lesion, block) is in two official parts. Where parts are drawn, groups are drawn whole."""
    dataset = case.dataset
    names, parts = (np.delete(column, list(case.samples.unreadable)) for column in case.grouping)  # broken files have no group
    if dataset.groups == "image":
        if (names != "").any():
            raise CatsError(f"{dataset.name}: the reader returns groups, but `groups: image` says that each image counts alone")
        return "there are no patients: each image counts alone"
    if dataset.groups is None and (names == "").all():
        return Note("it is not known which images belong to one patient; boards note this")
    if dataset.groups is None:
        raise CatsError(f"{dataset.name}: the reader returns groups, but `groups:` of the entry does not say what they are")
    unnamed = set(absent_groups(names.tolist()))
    absent = [name for name in names.tolist() if name in unnamed]
    if absent:
        without = how_many(len(absent), "image has", "images have")
        raise CatsError(f"{dataset.name}: `groups: {dataset.groups}` is declared, but {without} no group")
    alike = alike_labels(names.tolist())
    if alike:
        raise CatsError(f"{dataset.name}: the groups {quoted(alike[0])} are spelled in several ways; spell them alike")
    require_whole_groups(dataset.name, dataset.groups, names, {part: np.flatnonzero(parts == part) for part in PARTS})
    return f"{len(set(names)):,} × {dataset.groups}, each in one part"


def parts(case: Case) -> str:
    """Every class is in every part."""
    facts = f"{part_sizes(case.dataset, case.images, case.parts)} ({origin(case.images.parts)})"
    absent = [
        f"{case.dataset.classes[i]} in {part}" for part in PARTS for i in np.flatnonzero(case.counts(case.parts[part]) == 0)
    ]
    copied = sum(map(len, copies_left_out(case.dataset, case.images, official_rows(case.images)).values()))
    unused = len(case.images.ids) - sum(map(len, case.parts.values())) - copied
    facts += f"; {how_many(unused, 'image is', 'images are')} in no part" if unused else ""
    uneven = uneven_class(case.dataset, case.images, case.parts)
    facts += f"; {uneven}" if uneven else ""
    if absent:
        return Note(f"{facts}; no image of {', '.join(absent)}")
    return Note(f"{facts}; every class in each") if unused or uneven else f"{facts}, every class in each"


def enough(case: Case) -> str:
    """Every class has enough training images."""
    counts = case.counts(case.parts["train"])
    few = [f"{case.dataset.classes[i]} {counts[i]}" for i in np.flatnonzero(counts < ENOUGH)]
    if few:
        return Note(f"fewer than {ENOUGH} training images: {', '.join(few)}")
    least, most = f"{counts.min():,}", f"{counts.max():,}"
    return f"{least if least == most else f'from {least} to {most}'} training images of a class"


def apart(case: Case) -> str:
    """No image of val or test is also in an earlier part, unless the entry allows it. `cats run` asks the same function."""
    dataset, found = case.dataset, overlaps_within(case.dataset, lambda _: None) or ()
    reason = refusal(dataset.name, found, dataset.duplicates, dataset.known_duplicates)
    differ = labels_note(case.images)
    if reason is not None and case.is_target:
        raise CatsError("; ".join(filter(None, (reason, differ, WAYS_OUT_OF_COPIES.format(target=dataset.name)))))
    if found:
        allowed = f"{shared_in_words(dataset.name, found)} an earlier part too, as the entry allows"
        return Note("; ".join(filter(None, (reason or allowed, differ))))
    clean, note = "no image of val or test is in an earlier part", copies_note(dataset, case.images)
    return Note("; ".join(filter(None, (clean, note, differ)))) if note or differ else clean


def trains(case: Case) -> str:
    """A small training step on the CPU has a finite loss."""
    import torch

    from benchmark.networks.network import Network, Trained
    from benchmark.training.device_images import as_float, on_device
    from benchmark.training.evaluate import loss_of

    chosen = case.parts["train"][np.linspace(0, len(case.parts["train"]) - 1, STEP_IMAGES).astype(int)]
    batch = on_device(resized(case.images.images[chosen], STEP_PIXELS), case.images.labels[chosen], torch.device("cpu"))
    torch.manual_seed(0)
    network = Network(STEP_BACKBONE, Trained(), len(case.dataset.classes))
    losses = []
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    for _ in range(2):  # the second loss is computed after a step
        loss = loss_of(network(as_float(batch.pixels)), batch.labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    if not np.isfinite(losses).all():
        raise CatsError(
            f"{case.dataset.name}: the loss is {losses[0]} before and {losses[1]} after a training step; both must be finite"
        )
    return f"loss {losses[0]:.3f}, after one step {losses[1]:.3f} ({STEP_BACKBONE}, {STEP_PIXELS} px)"


Promise = Callable[[Case], str]
PROMISES: tuple[Promise, ...] = (
    described, files, checksums, labels, pictures, values, groups, parts, enough, apart, trains
)  # fmt: skip
NEEDED = {files, checksums, labels, pictures, groups, parts}  # the promises after them depend on them


def examine_data(case: Case) -> Iterator[Finding]:
    """Check every promise of a data set in turn; stop after a broken promise that the others depend on."""
    for promise in PROMISES:
        finding = run_promise(promise.__name__, lambda promise=promise: promise(case))  # type: ignore[misc]
        yield finding
        if finding.state == "broken" and promise in NEEDED:
            return
