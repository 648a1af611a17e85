"""The heat map of a report: source by target, each target on a scale of its own."""

from collections.abc import Mapping, Sequence
from functools import partial

from results.board.board import Board
from results.board.ranking import Row
from results.board.ties import tested, why_untested
from results.metrics import metric_of, written
from results.report.charts import draw_heat, limited
from results.report.html import Chart, Heat, Section, Shade, Table
from results.text.counts import how_many

ID, TITLE = "heat", "Heat map"
FAR = 4.0  # standard errors below the best: what is further is as dark
STEPS = tuple((1 - step / FAR, f"{step:.0f}" if step < FAR else f"{FAR:.0f} or more") for step in (0.0, 1.0, 2.0, 3.0, FAR))
ENDS = ((1.0, "best"), (0.5, "half way"), (0.0, "worst"))


def heat(board: Board, more: Mapping[str, Board] | None = None) -> Section:
    """Source by target. The depth of a cell is how many standard errors it is behind the best of its target.

    Where a target has no standard errors, the depth is the place between the best and the worst one. more: metric → its board.
    """
    made = _heat(board)
    return made if made.left_out else Section(
        ID, TITLE, made.charts, made.tables, notes=made.notes, heat=made.heat,
        others={written(name): _heat(other) for name, other in (more or {}).items()},
    )  # fmt: skip


def _heat(board: Board) -> Section:
    if not board.targets:
        return Section(ID, TITLE, left_out="no target has a finished cell that counts.")
    sources, targets, metric = [row.source for row in board.overall], list(board.targets), written(board.metric)
    depths = {target: depths_of(rows, board.behind.get(target, {})) for target, rows in board.targets.items()}
    blind = [target for target, rows in board.targets.items() if not known_errors(rows, board.behind.get(target, {}))]
    places = {(row.source, target): number for target, rows in board.targets.items() for number, row in enumerate(rows)}
    rows: list[tuple[str, list[Shade]]] = []
    for source in sources:
        line = []
        for target in targets:
            number = places.get((source, target))
            line.append(
                Shade("–", f"{source} → {target}: not measured")
                if number is None
                else _cell(board, target, number, depths[target][number])
            )
        rows.append((source, line))
    side = "below" if metric_of(board.metric).higher_is_better else "above"
    unit = f"standard errors {side} the best of the target" if len(blind) < len(targets) else "of the target"
    title = f"Test {metric} of {how_many(len(sources), 'source')} on {how_many(len(targets), 'target')}"
    silent = [target for target, rows in board.targets.items() if len(rows) > 1 and not tested(rows, board.noise)]
    text = f"Each target has its own scale: {_scale(board, blind, side)}. {_marks(board, silent)}"
    drawn = [[(cell.text, cell.depth, cell.top) for cell in line] for _, line in rows]
    words = "; ".join([title, _colours(board, blind, side), _dots(board, silent)])
    draw = partial(draw_heat, sources, targets, drawn, limited(words, len(sources)))
    return Section(
        ID, TITLE,
        charts=[Chart(ID, title, text, draw, inline=False)],
        tables=[_behind(board, sources, side)] if len(blind) < len(targets) else [],
        heat=Heat(f"{title}. {text}", "source", targets, rows, STEPS if len(blind) < len(targets) else ENDS, unit),
        notes=["Each cell gives the mean over seeds. The tables of the targets give its interval."],
    )  # fmt: skip


def _behind(board: Board, sources: Sequence[str], side: str) -> Table:
    """The figures behind the colours of the targets whose standard errors are known."""
    lines = []
    for source in sources:
        held = (board.behind.get(target, {}).get(source) for target in board.targets)
        lines.append([source, *("–" if far is None else f"{far:.1f}" for far in held)])
    errors = f"Standard errors {side} the best source of each target"
    caption = f"Figures behind the colours: s{errors[1:]}"
    tips = {target: f"Standard errors {side} the best source of {target}." for target in board.targets}
    return Table(
        f"{ID}-behind", caption, ["source", *board.targets], lines, frozenset({"source"}), tips=tips, folded=True, paper=errors
    )


def _cell(board: Board, target: str, number: int, depth: float) -> Shade:
    rows = board.targets[target]
    row = rows[number]
    ends = "no interval" if row.low is None else f"95 % {row.low:z.3f} – {row.high:z.3f}"
    behind = board.behind.get(target, {}).get(row.source)
    far = "" if behind is None else f", {behind:.1f} standard errors from the best"
    seeds = how_many(row.seeds, "seed")
    top = row.tie == 1 and len(rows) > 1 and tested(rows, board.noise)
    figure = f"{written(board.metric)} {row.mean:z.3f}, {ends}{far}, {seeds}, rank {row.rank}, tie {row.tie}"
    return Shade(f"{row.mean:z.3f}", f"{row.source} → {target}: {figure}", depth, top, row.tie)


def known_errors(rows: Sequence[Row], behind: Mapping[str, float | None]) -> bool:
    """Whether the standard error of the distance to the best is known of every source of a target."""
    return all(behind.get(row.source) is not None for row in rows)


def depths_of(rows: Sequence[Row], behind: Mapping[str, float | None]) -> list[float]:
    """1 for the best of a target; 0 for what is FAR standard errors behind, or for the worst where no errors are known.

    behind: source → distance to the best in standard errors, see Board.behind.
    """
    if known_errors(rows, behind):
        return [1 - min(behind[row.source] or 0.0, FAR) / FAR for row in rows]
    gaps = [abs(rows[0].mean - row.mean) for row in rows]
    return [1 - gap / (max(gaps) or 1.0) for gap in gaps]


def _marks(board: Board, silent: Sequence[str]) -> str:
    """What the marks of the page mean. silent: targets on which nothing was tested."""
    if silent and len(silent) == len(board.targets):
        why = why_untested([row for rows in board.targets.values() for row in rows])
        return f"No cell is marked, because within targets nothing was tested: {why}."
    but = f"; nothing was tested on {', '.join(silent)}" if silent else ""
    return f"• marks what cannot be told apart from the best{but}."


def _dots(board: Board, silent: Sequence[str]) -> str:
    """The same in the title of the drawing."""
    if silent and len(silent) == len(board.targets):
        return "within targets nothing was tested"
    but = f" (nothing was tested on {', '.join(silent)})" if silent else ""
    return f"• cannot be told apart from the best{but}"


def _colours(board: Board, blind: Sequence[str], side: str) -> str:
    """What the colours of the drawing mean, which has no key."""
    worst = "dark is its worst"
    if len(blind) < len(board.targets):
        far = f"dark is {FAR:.0f} or more standard errors {side} it"
        worst = f"{far} (on {how_many(len(blind), 'target')} the worst)" if blind else far
    return f"each column has its own colours: light is its best source, {worst}"


def _scale(board: Board, blind: list[str], side: str) -> str:
    between = "from its best to its worst source"
    if len(blind) == len(board.targets):
        return f"{between}, because no standard error is known"
    some = f", and {between} on {', '.join(blind)}, where none is known" if blind else ""
    return f"standard errors {side} the best source{some}"
