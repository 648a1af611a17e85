"""What the columns of a report's tables hold: the texts that a reader gets at the head of a column."""

from collections.abc import Mapping

TIPS: Mapping[str, str] = {
    # boards
    "rank": "Place by the mean, 1 is the best; in brackets its 95 % interval.",
    "source": "What the network knows before it meets the target.",
    "target": "The data set whose test images count.",
    "mean": "Mean over seeds on the test images.",
    "95 %": "95 % interval of the figure on its left.",
    "95 % interval": "95 % interval of the figure on its left.",
    "tie": "Sources of one tie group cannot be told apart; group 1 holds the best one.",
    "P(best)": "Probability of being the best, from random draws of the same sampling error.",
    "seeds": "Number of runs that differ in the seed alone.",
    "mean rank": "Mean of the ranks on the targets that all sources share; 1 would be the best on each of them.",
    "wins": "Number of targets on which the source alone is in tie group 1.",
    "tied": "Number of targets on which the source is in tie group 1, alone or with others.",
    "mean (95 %)": "Mean of the metric over the targets that all sources share, with its 95 % interval.",
    "strength": "Plackett-Luce strength over all targets: higher is better, and differences are log odds of being ahead.",
    "coverage": "Share of the targets on which the source was measured.",
    "group": "Numbers of the bars that join the source with others from which it cannot be told apart.",
    "reason": "Why.",
    # ways of choosing
    "measure": "A way to choose a source: a score, a rule, or a run of everything.",
    "regret": "What the choice loses against the best source of each target, mean over targets.",
    "constant": "Whether the way looks at no image of the target.",
    "scored": "Share of the targets that the measure scores.",
    "weighted tau": "Agreement of the measure's order with the results: 1 is the same order, 0 is chance.",
    "Spearman": "Rank correlation of the measure's scores with the results.",
    "top-1 regret": "What the measure's first choice loses against the best source.",
    "top-3 regret": "What the best of the measure's first three choices loses against the best source.",
    "P(in top tie)": "Probability that the measure's first choice cannot be told apart from the best source.",
    "p (Holm)": "p-value of no agreement, corrected for the number of measures.",
    "tau ahead of static": "Weighted tau minus that of the mean rank on the other targets.",
    "p of the lead (Holm)": "p-value of no lead, corrected for the number of measures.",
    # an answer of cats choose
    "round": "Number of the round of halving.",
    "settings tried": "Number of settings of the recipe that were tried with the source.",
    "best val loss": "Smallest loss of the validation images so far.",
    "after the round": "Whether the source stays in the race.",
    "run": "Number of the run, in the order of their beginnings.",
    "setting": "Changes of the recipe.",
    "seed": "The number that decides all randomness of a run.",
    "val loss": "Loss of the validation images.",
    # for a clinician
    "what": "What the figure is.",
    "value": "The figure itself.",
    "class": "Class of the images.",
    "fixed on validation images": "What the threshold was chosen to reach on validation images.",
    "threshold": "The probability from which on an image counts as of the class.",
    "sensitivity": "Share of the test images of the class that are found.",
    "specificity": "Share of the other test images that are rightly not found.",
    "chosen from": "Number of validation images by which the threshold was chosen.",
    "network useful between": "Probabilities between which acting on the network beats acting on everyone or nobody.",
    "attribute": "Property of the images by which they are divided.",
    "subgroup": "Images with this value of the attribute.",
    "images": "Number of test images.",
    "remark": "What is to be said of the figure.",
    "found": "Images of the class that the network finds.",
    "missed": "Images of the class that the network does not find.",
    "wrongly found": "Images of other classes that the network takes for the class.",
    "rightly not found": "Images of other classes that the network does not take for the class.",
    # for a paper
    "digest of the data": "SHA-256 of images, labels and official split.",
    "digest of the drawn split": "SHA-256 of the parts that were drawn.",
    "finished attempts": "Number of finished attempts with this value.",
    "role": "What it was used as.",
    "name": "Name of the entry.",
    "title": "What it is called by its makers.",
    "licence": "Under which it may be used, as the entry states it.",
    "citation": "The paper to cite, as the entry states it.",
    "place of the weights": "Where the weights come from.",
    # attempts
    "kind": "A cell, which trains on a target, or the pretraining of a source.",
    "backbone": "The network without its head, by timm's name.",
    "status": "How the attempt ended.",
    "seconds": "Wall-clock time of the attempt.",
}
STARTS: tuple[tuple[str, str], ...] = (
    ("decided ", "Number of test images for which the network decides so."),
    ("mean ", "Mean over seeds on the test images."),
)


def tip(heading: str) -> str:
    """What a column holds; empty if nobody has said so."""
    if heading in TIPS:
        return TIPS[heading]
    if heading.rsplit(" ", maxsplit=1)[-1] in ("Wh", "kWh", "mWh", "MWh", "µWh"):
        return "Energy that was measured or computed; 'missing' where a part of it is unknown."
    return next((text for start, text in STARTS if heading.startswith(start)), "")
