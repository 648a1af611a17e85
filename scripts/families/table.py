"""The table of families: what works, and the sentences of what does not."""

from collections import Counter
from collections.abc import Sequence

from families.cases import SCORE, Attempt

WORKS = "works"


def page(done: Sequence[Attempt], whats: Sequence[str], sizes: Sequence[int]) -> str:
    """The table, the sentences that it refers to, and the measures that give no score, as Markdown."""
    notes: dict[str, int] = {}
    heads = [f"{what if what != SCORE else 'measures'}, {size} px" for size in sizes for what in whats]
    lines = [_row(["family", "backbone", *heads]), _row(["---"] * (2 + len(heads)))]
    for family, backbone in dict.fromkeys((each.family, each.backbone) for each in done):
        found = {(each.what, each.asked, each.size == each.asked): each for each in done if each.family == family}
        cells = [_cell(found, what, size, notes) for size in sizes for what in whats]
        lines.append(_row([family, f"`{backbone}`", *cells]))
    lines += ["", *(f"{number}. {sentence}" for sentence, number in notes.items())]
    return "\n".join([*lines, *_unscored(done)]) + "\n"


def _cell(found: dict[tuple[str, int, bool], Attempt], what: str, size: int, notes: dict[str, int]) -> str:
    """What became of an attempt; a refused one refers to its sentence, and to the size at which it was tried instead."""
    first, instead = found.get((what, size, True)), found.get((what, size, False))
    if first is None:
        return "not tried"
    if first.works:
        return first.said or WORKS
    note = f"no ({notes.setdefault(first.said, len(notes) + 1)})"
    return note if instead is None else f"{note}, {instead.size} px: {(instead.said or WORKS) if instead.works else 'no'}"


def _unscored(done: Sequence[Attempt]) -> list[str]:
    """One line for each measure that gives no score for some backbones, with its most frequent reason."""
    pairs = [each for each in done if each.what == SCORE and each.works]
    names = sorted({name for each in pairs for name in each.reasons})
    if not names:
        return []
    lines = ["", f"Measures without a score, of {len(pairs)} pairs of backbone and size:", ""]
    for name in names:
        reasons = Counter(each.reasons[name] for each in pairs if name in each.reasons)
        reason, _ = reasons.most_common(1)[0]
        lines.append(f"- `{name}` on {sum(reasons.values())}: {reason}")
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
