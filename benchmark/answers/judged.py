"""What finished runs say: measures are judged, sources compared, costs added up. Nothing is trained, and no data are read.

Sentences about runs that are left out go to the `say` of the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.answers.query import RunReader
    from results.agreement.result import Agreement
    from results.board.compare import Comparison
    from results.board.ranking import Impute
    from results.board.request import Judging
    from results.cost.bill import Bill
    from results.cost.tradeoff import Tradeoff
    from results.data_size.curves import DataSizes


@dataclass(frozen=True)
class Terms:
    """How runs are judged.

    Attributes:
        images: whether intervals hold the sampling error of the test images.
        noise: differences up to this one are ties. impute: how a pair without a run counts in the mean ranks.
        fresh: whether every run is read again, also finished ones.
    """

    images: bool = True
    noise: float | None = None
    impute: "Impute | None" = None
    fresh: bool = False

    def judging(self, reader: "RunReader") -> "Judging":
        """The same, with the test images of the reader's runs."""
        from results.board.request import Judging

        return Judging(reader.images(fresh=self.fresh) if self.images else None, self.noise, self.impute)


def agreement_of(
    reader: "RunReader", terms: Terms, formulas: Sequence[str] = (), learn_from: Sequence[str] = ()
) -> "Agreement":
    """Each measure, and each combination NAME=FORMULA of them, judged by the source that it would choose.

    learn_from: plans or experiments whose boards teach one more measure, see results.agreement.learned.
    Raises CatsError if there are no runs or no scores, if a formula is wrong, or if too few targets teach.
    """
    from benchmark.answers.learned import learning
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.more_measures import judge_with_more
    from results.agreement.scores import read_scores
    from results.board.board import version_notes
    from results.board.versions import scores_of_one_version
    from results.tracking.frame import left_out

    query = reader.query
    frame = reader.frame(fresh=terms.fresh)
    decisions = decisions_of(frame, query, terms.judging(reader), reader.say)
    comparable, notes = scores_of_one_version(frame, query.selection)
    for note in [*left_out(frame), *version_notes(frame, query), *notes]:
        reader.say(note)
    rows = scores_for(decisions, read_scores(comparable, query.experiment))
    return judge_with_more(decisions, rows, query, formulas, learning(reader, learn_from))


def comparison_of(reader: "RunReader", pair: tuple[str, str], target: str, backbone: str | None = None) -> "Comparison":
    """Two sources, or candidates, on a target: the paired difference. Raises CatsError for a name without runs."""
    from results.board.board import judged_runs, version_notes
    from results.board.compare import compare, held
    from results.board.standings import without_odd_runs
    from results.tracking.frame import left_out
    from results.tracking.predictions import of_trusted_places

    frame = reader.frame()
    runs = judged_runs(frame, reader.query)
    for note in [*left_out(frame), *version_notes(frame, reader.query)]:
        reader.say(note)
    if backbone is not None:
        runs = held(runs, backbone, pair, target)
    read, metric = of_trusted_places(reader.predictions, reader.say), reader.query.metric
    return without_odd_runs(runs, lambda left: compare(left, metric, pair, target, read), reader.say)[0]


def cost_of(
    reader: "RunReader", terms: Terms, over: int | None = None, *, one_size: bool = False, regret: bool = False
) -> "tuple[Bill, Tradeoff | None]":
    """What an experiment has used, and what ways of choosing would lose and cost; None where nothing can be compared.

    Args:
        reader: of the runs.
        terms: how they are judged.
        over: number of targets that share a pretraining; None: all of the experiment.
        one_size: whether the reader's query is about one number of training images of several.
        regret: whether it is an error if nothing can be compared; else it is a sentence.

    Raises:
        CatsError: there are no runs.
    """
    from results.board.board import version_notes
    from results.board.request import runs_of_query, runs_of_selection
    from results.board.versions import scores_of_one_version
    from results.cost.bill import make_bill
    from results.cost.tradeoff import make_tradeoff
    from results.tracking.frame import left_out

    query, frame = reader.query, reader.frame(fresh=terms.fresh)
    runs, selection = runs_of_query(frame, query), query.selection
    # All numbers of training images are paid for, and those of one of them are compared.
    several = one_size or (selection is not None and bool(selection.sizes))
    bill = make_bill(runs_of_selection(frame, selection and selection.of_every_size), query.experiment, over)
    for sentence in left_out(frame):
        reader.say(sentence)
    try:
        compared = make_bill(runs, query.experiment, over) if several else bill
        tradeoff = make_tradeoff(runs, compared, query, terms.judging(reader), reader.say)
        for note in [*version_notes(runs, query), *scores_of_one_version(runs, selection)[1]]:
            reader.say(note)
    except CatsError as error:
        if regret:
            raise
        reader.say(str(error))
        return bill, None
    return bill, tradeoff


def curves_of(reader: "RunReader", terms: Terms, baseline: str) -> "DataSizes":
    """The metric of each source at each number of training images, and where its advantage over the baseline ends.

    Raises CatsError if the runs have fewer than two numbers of training images, or if the baseline has no run.
    """
    from results.data_size.curves import make_curves
    from results.tracking.frame import left_out

    frame = reader.frame(fresh=terms.fresh)
    for sentence in left_out(frame):
        reader.say(sentence)
    return make_curves(frame, reader.query, terms.judging(reader), baseline)
