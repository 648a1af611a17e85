"""The command that imports other people's results into MLflow."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import number
from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.terminal import print_line, say
from benchmark.execution.records import outbox_of
from results.error import CatsError, nearest
from results.imports.names import require_name
from results.text.console import console
from results.text.counts import how_many, share_of
from results.text.plain import fault_of_name, shortened

if TYPE_CHECKING:
    from results.imports.column_map import ColumnMap
    from results.record import Record
    from results.tracking.experiment import Experiment

app = typer.Typer()
GAPS = ("has no figure and is left out", "have no figure and are left out")  # of one pair, and of several


@app.command("import")
def import_results(
    experiment: Annotated[str, typer.Option(help="The MLflow experiment that receives the runs.")],
    runs: Annotated[Path | None, typer.Argument(metavar="RUNS", help="A parquet or CSV table, one run per row.")] = None,
    how: Annotated[
        str | None,
        typer.Option("--map", help="A YAML file that says what the columns of the table are, or the name of a shipped map."),
    ] = None,
    matrix: Annotated[
        Path | None, typer.Option(help="A matrix of test scores without runs: a CSV file, one row per source.")
    ] = None,
    scores: Annotated[list[str] | None, typer.Option(help="MEASURE=FILE: a matrix of the scores of a measure.")] = None,
    lower: Annotated[
        list[str] | None, typer.Option(help="A measure of which lower is better; its sign is changed on import.")
    ] = None,
    metric: Annotated[str, typer.Option(help="The metric of the matrix.")] = "auc",
    percent: Annotated[
        bool, typer.Option("--percent", help="The matrix is in percent; its figures are divided by 100.")
    ] = False,
    missing: Annotated[
        list[float] | None,
        typer.Option(parser=number, help="A figure that marks pairs without a figure in the matrices, such as -1."),
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="The character between the columns of text tables; by default it is found out.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="The decimal sign of text tables, '.' or ','; by default it is found out.")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="The backbone of matrix and scores; by default that of the map, else 'unknown'.")
    ] = None,
    of: Annotated[
        str | None,
        typer.Option("--source", help="The rows of matrix and scores are backbones, all of this source, instead of sources."),
    ] = None,
    citation: Annotated[str | None, typer.Option(help="Whom to cite for matrix and scores; boards and reports say it.")] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Import other people's runs, matrices and measure scores into MLflow, one run each. A second import adds what is new."""
    from benchmark.core.digest import file_digest
    from results.imports.column_map import Value
    from results.imports.delimited import Writing
    from results.imports.long_scores import table_scores
    from results.imports.matrix import cells_of, read_grid, scores_of, shares
    from results.imports.table import cited, read_table, runs_of

    _require_experiment(experiment)
    if (runs is None) != (how is None):
        raise CatsError("a table of runs and --map need each other: the map says what the columns of the table are")
    if runs is None and matrix is None and not scores:
        raise CatsError("there is nothing to import; give a table of runs with --map, or --matrix, or --scores MEASURE=FILE")
    _require_matrix("percent", percent and matrix is None)
    _require_matrix("missing", bool(missing) and matrix is None and not scores)
    _require_matrix("citation", citation is not None and matrix is None and not scores)
    writing = Writing(separator, decimal)
    records: list[Record] = []
    licence = None
    if runs is not None and how is not None:
        mapping = load_map(how)
        if isinstance(mapping.backbone, Value):
            backbone = backbone or str(mapping.backbone.value)
        table = read_table(runs, writing)
        records += runs_of(table, mapping, experiment, runs.name) if mapping.scores else []
        _say_gaps(
            runs.name,
            [not record.scores for record in records if record.status == "finished"],
            "finished runs",
            ("has no score", "have no score"),
        )
        records += table_scores(table, mapping, experiment, runs.name)
        records = cited(records, mapping.citation, mapping.licence)
        citation, licence = citation or mapping.citation, None if citation else mapping.licence
    named = backbone or "unknown"
    require_name(named, "the backbone")
    _require_source(of, backbone if runs is None else None, matrix is None and not scores)
    grids = {path: read_grid(path, writing, missing or ()) for path in filter(None, [matrix, *_files(scores or []).values()])}
    for path, grid in grids.items():
        _say_gaps(path.name, grid.isna().to_numpy().ravel().tolist(), "pairs", GAPS)
    bare: list[Record] = []
    if matrix is not None:
        grid = shares(grids[matrix], metric, str(matrix), percent=percent)
        bare += cells_of(grid, metric, named, experiment, f"{matrix.name}, sha256 {file_digest(matrix)}", of)
    measured = {name: grids[path] for name, path in _files(scores or []).items()}
    bare += scores_of(measured, lower or [], named, experiment, of)
    _deliver([*records, *cited(bare, citation, licence)], tracking_uri, experiment)


def _require_experiment(name: str) -> None:
    fault = fault_of_name(name)
    if fault:
        raise CatsError(f"--experiment '{shortened(name, 60)}' {fault}; write a name of visible characters")


def _require_source(of: str | None, backbone: str | None, alone: bool) -> None:
    if of is None:
        return
    _require_matrix("source", alone)
    if backbone is not None:
        raise CatsError("--source says that the rows of the matrices are backbones, so that --backbone has nothing to name")
    require_name(of, "--source")


def _require_matrix(option: str, alone: bool) -> None:
    if alone:
        raise CatsError(f"--{option} is for matrices; of a table of runs, write `{option}` into the map")


def _say_gaps(name: str, gaps: "Sequence[bool]", what: str, verbs: tuple[str, str]) -> None:
    if any(gaps):
        say(f"{name}: {share_of(sum(gaps), len(gaps), what, *verbs)}")


def load_map(name: str) -> "ColumnMap":
    """Load a map by its path, or a shipped map by its name; its country becomes a carbon intensity. Raises CatsError."""
    from importlib import resources

    from benchmark.core.parse import parse, read_yaml
    from benchmark.machine.meter import intensity
    from results.imports.column_map import ColumnMap

    folder = Path(str(resources.files("results.imports"))) / "maps"
    shipped = {path.stem: path for path in folder.glob("*.yaml")}
    path = shipped.get(name, Path(name))
    if name not in shipped and path.suffix not in {".yaml", ".yml"}:
        raise CatsError(
            f"there is no shipped map '{name}', and the file of your own map must end in .yaml{nearest(name, shipped)}"
        )
    column_map = parse(ColumnMap, read_yaml(path), path.name)
    power = column_map.power
    if power is None or power.country is None:
        return column_map
    power_with_intensity = power.model_copy(update={"country": None, "kg_per_kwh": intensity(power.country)})
    return column_map.model_copy(update={"power": power_with_intensity})


def _files(texts: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for text in texts:
        name, _, path = text.partition("=")
        if not name or not path:
            raise CatsError(f"--scores is '{text}'; write MEASURE=FILE, for example logme=logme.csv")
        if name in files:
            raise CatsError(f"--scores names the measure '{name}' twice")
        files[name] = Path(path)
    return files


def _say_other_backbones(tracking: "Experiment", records: "Sequence[Record]") -> None:
    """A sentence if scores are of backbones that no run of the experiment has: no measure is then judged by them."""
    from benchmark.execution.records import frame_of

    scored = sorted({record.names["backbone"] for record in records if record.kind == "score"})
    run = {record.names["backbone"] for record in records if record.kind == "cell"}
    if not scored or run & set(scored):
        return
    frame = frame_of(tracking)
    cells = frame[frame["kind"] == "cell"].reindex(columns=["backbone"])["backbone"].dropna()
    known = sorted({*run, *cells.astype(str)})
    if known and not set(scored) & set(known):
        again = f"import them again with --backbone {known[0]}" if len(scored) == 1 else "name them as the runs do"
        say(
            f"the scores are of the backbone {' and '.join(scored)}, and the runs of {tracking.name} are of "
            f"{' and '.join(known)}, so that `cats agree` does not compare them; {again}"
        )


def _deliver(records: "Sequence[Record]", tracking_uri: str, experiment: str) -> None:
    from rich.progress import track

    from benchmark.execution.records import frame_of
    from results.imports.upload import upload_records
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.plan_run import fold
    from results.tracking.writer import close_abandoned

    tracking = Experiment(tracking_uri, experiment)
    out = console(stderr=True)
    with Lease(tracking, outbox_of(tracking_uri, experiment), say) as lease:
        fold(tracking)
        close_abandoned(tracking)
        sent = upload_records(tracking, records, lease)
        done = list(track(sent, "importing", len(records), console=out, transient=True, disable=not out.is_terminal))
    counts = Counter((each.record.kind, each.record.status) for each in done if each.act == "made")
    parts = [how_many(n, "scored pair" if kind == "score" else f"{status} run") for (kind, status), n in counts.items()]
    acts = Counter(each.act for each in done)
    if len(done) > acts["made"]:
        parts.append(f"{len(done) - acts['made']} existed already")
    if acts["updated"]:
        parts.append(f"{acts['updated']} of them were updated to agree with the map")
        frame_of(tracking, fresh=True)  # what is written into a run that has ended is not found at once
    print_line(f"{experiment} on {tracking.shown}: {', '.join(parts)}")
    _say_other_backbones(tracking, records)
    if acts["left"]:
        names = ", ".join(dict.fromkeys(name for each in done for name in each.clashes))
        say(
            f"{acts['left']} existing runs differ in {names} and were not changed; "
            f"to import the new values, choose another experiment, or delete this experiment first"
        )
