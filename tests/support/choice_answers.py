"""An answer of `cats choose`, made by hand."""

from results.choosing.choice import Attempted, Choice, Named, Rival, Spent, Taken

RUNS = (
    Attempted("imagenet", "lr=0.003", 0, 0.31, 0.001, 0.1),
    Attempted("imagenet", "lr=0.0003", 0, None, 0.0005, 0.05),
    Attempted("inat_bird", "lr=0.003", 0, 0.42, 0.002, 0.2),
)
CHOICE = Choice(
    experiment="choose-mydata", target="mydata", backbone="mobilenetv2_100", recipe="fast", policy="race", metric="auc",
    taken=Taken("imagenet", "lr=0.003", 0, 0.31, 3, 0.91, 0.87, 0.95),
    spent=Spent(0.0035, 0.0035, 0.35, 2, 1, 0.035, 3.5, 24, 0.0035, 0.35), tried=RUNS,
    ended="the budget of 3 cells holds no further run",
    then="next come inat_bird (lr=0.0003) with seed 0", ties={"inat_bird (lr=0.003)": 0.4},
    near=Named(("imagenet", "radimagenet"), 12, 12), best=Named(("imagenet", "a", "b"), 11, 12), within=0.93,
    rivals=(Rival("leader", 0.0028, 0.0005, 0.0055, 0.0012, -0.001, 0.003),),
    prior=("runs of x",), notes=("a note",), kept="models/mydata",
)  # fmt: skip
