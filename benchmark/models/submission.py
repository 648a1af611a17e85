"""A competition's table: a row for every unlabelled picture of a target, in the order of the sample that lies beside."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.data.dataset import Dataset
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.strangers import is_stranger
from benchmark.data.readers.table_file import lines_of, table_of, texts_of
from benchmark.data.unlabelled import Unlabelled
from benchmark.models.incoming import Incoming
from benchmark.models.manifest import Manifest
from benchmark.models.model import Model, predicted_classes
from benchmark.models.prediction import Batch, predict
from benchmark.models.prediction_run import Place, Summary
from benchmark.specs import catalogue
from results.error import CatsError
from results.files.output import output
from results.files.output import require_place as require_writable
from results.text.brief import short
from results.text.plain import plain
from results.text.printing import csv_lines, guarded

POSITIVE = 1  # the class whose probability a binary competition asks for


@dataclass(frozen=True)
class Submission:
    """The pictures that a submission answers for, in the order of its rows.

    Attributes:
        ids: of the pictures, as the table names them. form: which columns the table has and what they hold.
    """

    incoming: Incoming
    ids: Sequence[str]
    form: Unlabelled


def require_place(path: Path, *, overwrite: bool) -> None:
    """Raises CatsError if a submission cannot be written to a path: another ending, a folder, a file that exists."""
    if path.suffix.lower() != ".csv":
        raise CatsError(f"--output is {path}; a submission is written as .csv")
    require_writable(path, "the submission")
    if path.is_file() and not overwrite:
        raise CatsError(f"{path} exists; name another file with --output, or say --overwrite")


def submission_of(name: str, manifest: Manifest) -> Submission:
    """The unlabelled pictures of a target, for a classifier with this manifest.

    Raises CatsError if the target declares none, if its classes are not the classifier's, or if pictures are missing.
    """
    dataset = catalogue.target(name).dataset
    if dataset.unlabelled is None:
        raise CatsError(
            f"{name} declares no `unlabelled` pictures, so that there is nothing to submit; `cats predict` predicts"
        )
    if dataset.classes != manifest.classes or dataset.task != manifest.task:
        raise CatsError(
            f"{name} is {dataset.task} with the classes {', '.join(dataset.classes)}, and the classifier is {manifest.task} "
            f"with the classes {', '.join(manifest.classes)}; a submission needs a classifier of {name}"
        )
    tree, form = Tree(dataset.folder()), dataset.unlabelled
    files = _files_by_id(tree, form, dataset)
    ids, notes = (sorted(files), ()) if form.sample not in tree.names else _in_order(tree, form, files)
    strange = next((each for each in ids if guarded(each) != each), None)
    if strange is not None:
        shown = plain(strange) == strange
        fault = "would be read as a formula by spreadsheets" if shown else "holds a character that cannot be shown"
        raise CatsError(f"{tree.path}: the id '{short(strange)}' {fault}; rename its picture")
    names = [files[each] for each in ids]
    return Submission(Incoming(names, tree, names, notes=notes), ids, form)


def _files_by_id(tree: Tree, form: Unlabelled, dataset: Dataset) -> dict[str, str]:
    """Id → name of its file; files of an operating system are left out.

    Raises CatsError if no file has a name of the pattern, or two have one id.
    """
    files: dict[str, str] = {}
    for name in tree.names:
        path = PurePosixPath(f"/{name}")
        if path.match(f"/{form.files}") and not is_stranger(name):
            own = path.stem.removesuffix(".nii") if path.suffix == ".gz" else path.stem
            other = files.setdefault(own, name)
            if other != name:
                raise CatsError(f"{tree.path}: {other} and {name} have one id, '{own}'; remove one of the two")
    if not files:
        remedy = dataset.obtain or "put them there"
        raise CatsError(f"{dataset.name}: {tree.path} holds no picture {form.files} to submit answers for; {remedy}")
    return files


def _in_order(tree: Tree, form: Unlabelled, files: dict[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """The ids of the sample table, and a note about pictures that it does not name. Raises CatsError if the two disagree."""
    where = f"{tree.path}/{form.sample}"
    rows = table_of(next(iter(tree.read([form.sample]))), form.sample, ",", where)
    columns = tuple(map(str, rows))
    if columns != form.columns:
        raise CatsError(f"{where} has the columns {', '.join(columns)}; the entry declares {', '.join(form.columns)}")
    ids = texts_of(rows, columns[0])
    seen = set[str]()
    for each, line in zip(ids, lines_of(rows), strict=True):
        if each not in files:
            raise CatsError(f"{where}, line {line} names '{short(each)}', and no picture {form.files} has this name")
        if each in seen:
            raise CatsError(f"{where}, line {line} names '{short(each)}' again; each id must be in one line")
        seen.add(each)
    if not ids:
        raise CatsError(f"{where} names no id; fetch it again, or remove it")
    others = len(files) - len(ids)
    left = "it is" if others == 1 else "they are"
    return ids, (f"{where} does not name {others:,} of the {len(files):,} pictures; {left} left out",) if others else ()


def write_submission(model: Model, submission: Submission, place: Place, threads: int, done: Callable[[int], None]) -> Summary:
    """Predict all pictures and write a row for each. `done` is called with the number of pictures of each batch.

    Raises CatsError, and writes nothing, if a picture cannot be used, because every id needs an answer, or if the disk refuses.
    """
    summary = Summary()
    with (
        output(place.path, "the submission", new=not place.overwrite) as draft,
        draft.open("w", encoding="utf-8", newline="") as file,
    ):
        file.write(csv_lines([submission.form.columns]))
        for batch in predict(model, submission.incoming, threads):
            summary.add(batch)
            if summary.broken:
                raise CatsError(f"a submission needs an answer for every picture; {summary.reasons[0]}")
            ids = submission.ids[batch.first : batch.first + len(batch.names)]
            file.write(csv_lines(zip(ids, _answers(batch, submission.form, model.manifest), strict=True)))
            done(len(batch.names))
    return summary


def _answers(batch: Batch, form: Unlabelled, manifest: Manifest) -> Iterator[str]:
    """The second cell of each row: calibrated probabilities, or numbers of predicted classes."""
    if form.answer == "probability":
        return (f"{value:.9g}" for value in batch.calibrated[:, POSITIVE].tolist())
    return map(str, predicted_classes(batch.calibrated, manifest.task).argmax(axis=1).tolist())
