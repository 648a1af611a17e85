"""The command that writes a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli_options import DATABASE, TrackingOption, exists, print_line
from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.plan import Plan

app = typer.Typer()


@app.command()
def report(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    output: Annotated[Path, typer.Option(help="The HTML file.")] = Path("report.html"),
    figures: Annotated[
        Path | None, typer.Option(help="Also write every chart as PNG and SVG, every table as CSV and LaTeX there.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    details: Annotated[int, typer.Option(min=0, help="How many cells get curves and ROC, at most.")] = 300,
    tracking_uri: TrackingOption = DATABASE,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log the page to MLflow, as a run that boards ignore.")] = True,
) -> None:
    """Write one HTML file that holds all results and opens offline. Needs MLflow only, no data, no torch."""
    from benchmark.plan import load_plan, plan_names
    from benchmark.wanted import wanted
    from results.board import make_board
    from results.compose import Asked, compose
    from results.export import write
    from results.keep import keep
    from results.page import render
    from results.tracking import Tracking

    loaded = load_plan(plan) if plan in plan_names() or plan.endswith((".yaml", ".yml")) else None
    if not exists(tracking_uri):
        raise CatsError(f"there is no database {tracking_uri}; make one with `cats run`, or name it with --tracking-uri")
    tracking = Tracking(tracking_uri, loaded.experiment if loaded else plan, create=False)
    frame = tracking.frame()
    if loaded is None:
        made = make_board(frame, plan, metric or "auc", "min_val_loss")
    else:
        made = make_board(frame, loaded.experiment, metric or loaded.metric, loaded.rule, wanted(loaded))
    page, cells = compose(made, frame, tracking, Asked(_facts(loaded, plan), details))
    html = render(page)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(html, encoding="utf-8")
    except OSError as error:
        raise CatsError(f"cannot write the report to {output}: {error.strerror}") from error
    print_line(
        f"{output}: {len(html.encode()) / 1e6:.1f} MB, {len(cells.rows)} attempts, {len(cells.details)} with curves and ROC"
    )
    if figures is not None:
        print_line(f"{figures}: {write(page, cells, figures)} files")
    if log:
        print_line(f"kept in MLflow as run {keep(tracking, html)}")


def _facts(plan: "Plan | None", given: str) -> list[tuple[str, str]]:
    """What the plan says, or which experiment; never a path of this machine."""
    if plan is None:
        return [("experiment", given), ("plan", "none given: all finished cells of the experiment count")]
    facts = plan.model_dump(mode="json")
    return [(name, _told(value)) for name, value in facts.items() if value not in (None, [], {})]


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items() if one is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
