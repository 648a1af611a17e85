"""The verdict on measures, and the sentences below an agreement."""

from collections.abc import Mapping, Sequence

from results.agreement.decisions import Decision, decision_name
from results.agreement.result import SHARE, JudgedMeasure
from results.board.candidates import choice_notes
from results.statistics.rank_agreement import FEW, MANY
from results.text.counts import how_many

SIGNIFICANT = 0.05


def verdict(rows: Sequence[JudgedMeasure]) -> str:
    """Which measures are ahead of the static mean rank."""
    if not any(row.ranked and not row.constant for row in rows):
        return f"no measure orders {SHARE:.0%} of the sources, so that no measure is ranked"
    leads = [row for row in rows if row.lead.p_holm is not None]
    if not leads:
        return "without the static mean rank, which takes two targets, nothing can be said of which measure leads"
    ahead = [row.name for row in leads if row.lead.p_holm is not None and row.lead.p_holm < SIGNIFICANT]
    if ahead:
        return f"{', '.join(ahead)}: ahead of the static mean rank in weighted tau (95 % for all measures at once)"
    return "no measure is ahead of the static mean rank in weighted tau (95 % for all measures at once)"


def few_targets_note(compared: Mapping[str, Sequence[int]]) -> list[str]:
    """That no measure can be ahead of a constant, where that is so: swapping two ways on n targets gives no p below 2^-n.

    compared: a constant → on how many targets each measure was tested against it.
    """
    notes = []
    for constant, counts in compared.items():
        least = min(1.0, len(counts) / 2 ** max(counts))
        if least >= SIGNIFICANT:
            tested = f"{how_many(len(counts), 'measure')} on {how_many(max(counts), 'target')}"
            notes.append(f"{tested}: none can be ahead of {constant}, the smallest possible p is {least:.2g}")
    return notes


def gain_note(rows: Sequence[JudgedMeasure]) -> list[str]:
    """Which measures have less top-1 regret than always choosing imagenet, where it is a source."""
    tested = [row for row in rows if row.gain.p_holm is not None]
    less = [row.name for row in tested if row.gain.p_holm is not None and row.gain.p_holm < SIGNIFICANT]
    if not tested:
        return []
    who = f"{', '.join(less)}:" if less else "no measure is shown to have"
    return [f"{who} less top-1 regret than always imagenet (95 % for all measures at once)"]


def unranked_note(rows: Sequence[JudgedMeasure]) -> list[str]:
    """Which measures are not ranked, and why."""
    names = [row.name for row in rows if not row.ranked]
    if not names:
        return []
    each = "each of these measures orders" if len(names) > 1 else "the measure orders"
    why = f"{each} less than {SHARE:.0%} of the sources, and agreement on few sources is easily chance"
    return [f"last and not ranked: {', '.join(names)}; {why}"]


def decision_notes(decisions: Sequence[Decision]) -> list[str]:
    """Whether architecture and source can be told apart, which errors no interval holds, and whether targets are too few."""
    single = _names([d for d in decisions if d.top is None], decisions)
    blind = _names([d for d in decisions if d.measured.images is None], decisions)
    notes = choice_notes({d.target: d.sources for d in decisions if not d.backbone})
    if single is not None:
        notes.append(f"one seed{single}: top tie groups are not known, and no interval holds the sampling error of seeds")
    if blind is not None:
        notes.append(f"no interval holds the sampling error of the test images{blind}")
    if len({d.target for d in decisions}) < MANY:
        notes.append(FEW)
    return notes


def _names(some: Sequence[Decision], decisions: Sequence[Decision]) -> str | None:
    """Which decisions these are; empty if all of them, None if there are none."""
    if not some:
        return None
    return "" if len(some) == len(decisions) else f" of {', '.join(decision_name(d, decisions) for d in some)}"
