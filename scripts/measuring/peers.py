"""Public code of measures, at pinned commits, beside ours: which repository, which function, which convention."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from measuring.loading import load

Given = dict[str, Any]  # the arrays of a case, by the names of needs
Score = Callable[[Given], float]


@dataclass(frozen=True)
class Peer:
    """A measure of ours and the public code that computes the same.

    Attributes:
        ours: our measure, with the options of the public code. repository: on GitHub, its folder has its last name.
        made: takes the folder of the repository, returns the score of a case. few: whether it is right for N < D too.
        most: largest N and D that it takes within minutes and 4 GB. first: one of the nine of the first version.
    """

    ours: str
    repository: str
    made: Callable[[Path], Score]
    first: bool = False
    few: bool = True
    most: tuple[int, int] = (10_000, 2_048)


COMMITS = {
    "thuml/LogME": "56551ca94a3295bcc37e6a01b1291911af985f07",
    "thuml/Transfer-Learning-Library": "c4aa59eb565650a552b809411601d0589efbbfe4",
    "TencentARC/SFDA": "3b7edf76bd682acb1eba4f4c5eb7ea7f3f7f6c59",
    "dbolya/parc": "ddfca43a84d35328897d107d6f86e860b11801ce",
    "google-research/google-research": "4c4299485319ed72ef782020c81784be5468924e",
    "google-research/pactran_metrics": "a5e49972ed0856bc79f74c5c198d1c25b6fb9025",
    "mseitzer/pytorch-fid": "b9c18118d082cbd263c1b8963fc4221dc1cbb659",
    "GaParmar/clean-fid": "e88c4d6269a4bbf04c04deeb578475b57719acee",
    "mgholamikn/ETran": "d4551ed8f41f4ed6eba08b9cc1a78bae178acd19",
    "BUserName/NCTI": "b18d39514a3f2a7a949500b467a38b93de1428e4",
    "vertaix/Vendi-Score": "c791c30d7c148959ee9b748332b2b7bc1d17d3c8",
    "zhangyikaii/Model-Spider": "d2a53e4d19db37a740c0807570f71dfaa06ab83d",
}


def how_to_fetch() -> str:
    """Commands that fetch every repository into FOLDER; one of them is a gigabyte, of which one folder is taken."""
    lines = []
    for repository, commit in COMMITS.items():
        name, sparse = repository.rpartition("/")[2], repository == "google-research/google-research"
        only = " --filter=blob:none --no-checkout" if sparse else ""
        lines.append(f"    git clone{only} https://github.com/{repository} FOLDER/{name}")
        if sparse:
            lines.append(f"    git -C FOLDER/{name} sparse-checkout set stable_transfer")
        lines.append(f"    git -C FOLDER/{name} checkout {commit}")
    return "\n".join(lines)


def _logme(folder: Path) -> Score:
    made = load(folder, "LogME.py")
    return lambda given: made.LogME(regression=False).fit(given["features"], given["labels"])


def _function(file: str, name: str, *needs: str) -> Callable[[Path], Score]:
    """A function of arrays. Each call gets copies, as some of the code changes its input."""

    def made(folder: Path) -> Score:
        function = getattr(load(folder, file), name)
        return lambda given: float(function(*(given[need].copy() for need in needs)))

    return made


def _nce(folder: Path) -> Score:
    function = load(folder, "NCE.py").NCE
    return lambda given: float(function(given["probabilities"].argmax(axis=1), given["labels"]))


def _shrunk(folder: Path) -> Score:
    function = load(folder, "tllib/ranking/hscore.py").regularized_h_score
    # one of its covariances is divided by N, the other by N - 1
    return lambda given: float(function(given["features"], given["labels"])) * (len(given["labels"]) - 1) / len(given["labels"])


def _gbc(folder: Path) -> Score:
    function = load(folder, "stable_transfer/transferability/gbc.py").get_gbc_score
    return lambda given: float(function(given["features"], given["labels"], "diagonal"))


def _parc(folder: Path) -> Score:
    module = load(folder, "methods.py")

    def score(given: Given) -> float:
        module.constants.num_classes["case"] = int(given["labels"].max()) + 1
        found = module.PARC(n_dims=32)(given["features"].copy(), None, given["labels"], "", "case", "", None)
        return float(found) / 100

    return score


def _fid(folder: Path) -> Score:
    function = load(folder, "src/pytorch_fid/fid_score.py", "src").calculate_frechet_distance

    def score(given: Given) -> float:
        sides = given["neutral"], given["source_neutral"]
        one, other = ((side.mean(axis=0), np.cov(side, rowvar=False)) for side in sides)
        return -float(function(*one, *other))

    return score


def _kid(folder: Path) -> Score:
    function = load(folder, "cleanfid/fid.py", ".").kernel_distance

    def score(given: Given) -> float:
        np.random.seed(0)  # noqa: NPY002 - its subsets come from the global generator
        return -float(function(given["neutral"], given["source_neutral"]))

    return score


def _energy(folder: Path) -> Score:
    function = load(folder, "metrics.py").Energy_Score
    return lambda given: float(function(given["features"], 100, "bot"))


def _pactran(folder: Path) -> Score:
    function = load(folder, "compute_metrics.py").calculate_pac_gauss

    def score(given: Given) -> float:
        np.random.seed(0)  # noqa: NPY002 - its search starts at random
        found, _ = function(given["features"].copy(), given["labels"], 1.0)
        return -float(found[0][1])

    return score


def _lfc(folder: Path) -> Score:
    import torch

    function = load(folder, "mptms/LFC.py").LFC
    return lambda given: float(function(torch.from_numpy(given["features"]), torch.from_numpy(given["labels"])))


def _ncti(folder: Path) -> Score:
    module = load(folder, "metrics.py")
    module.print = lambda *_: None
    return lambda given: float(module.NCTI_Score(given["features"].copy(), given["labels"])[1])


TLLIB, TWO = "thuml/Transfer-Learning-Library", ("features", "labels")
PEERS = [
    Peer("logme", "thuml/LogME", _logme, first=True, few=False),
    Peer("logme", TLLIB, _function("tllib/ranking/logme.py", "log_maximum_evidence", *TWO)),
    Peer("leep", "thuml/LogME", _function("LEEP.py", "LEEP", "probabilities", "labels"), first=True),
    Peer("nce", "thuml/LogME", _nce, first=True),
    Peer("hscore[dims=0]", TLLIB, _function("tllib/ranking/hscore.py", "h_score", *TWO), first=True, few=False),
    Peer("hscore_shrunk", TLLIB, _shrunk, first=True),
    Peer("gbc[dims=0,covariance=diagonal]", "google-research/google-research", _gbc, first=True),
    Peer("transrate[mean=plain,scale=raw]", TLLIB, _function("tllib/ranking/transrate.py", "transrate", *TWO), first=True),
    Peer(
        "sfda[dims=0,soften=true,scale=raw]",
        "TencentARC/SFDA",
        _function("metrics.py", "SFDA_Score", *TWO),
        first=True,
        few=False,
    ),
    Peer("parc", "dbolya/parc", _parc, first=True),
    Peer("etran[part=means,held_out=false]", "mgholamikn/ETran", _function("metrics.py", "LDA_Score", *TWO), few=False),
    Peer("energy[share=1]", "mgholamikn/ETran", _energy),
    Peer("ncti", "BUserName/NCTI", _ncti),
    Peer("pactran", "google-research/pactran_metrics", _pactran, most=(5_000, 512)),
    Peer("lfc", "zhangyikaii/Model-Spider", _lfc, most=(5_000, 2_048)),
    Peer("fid", "mseitzer/pytorch-fid", _fid),
    Peer("kid", "GaParmar/clean-fid", _kid, most=(5_000, 2_048)),
    Peer("vendi", "vertaix/Vendi-Score", _function("vendi_score/vendi.py", "score_dual", "source_neutral")),
]


def present(folder: Path) -> tuple[list[tuple[Peer, Score]], list[str]]:
    """The peers whose repository lies in the folder, loaded, and a sentence for each that is missing or at another commit."""
    found, said = [], []
    for peer in PEERS:
        here = folder / peer.repository.rpartition("/")[2]
        if not here.is_dir():
            said.append(f"{peer.ours}: {peer.repository} is not in {folder}")
            continue
        try:
            found.append((peer, peer.made(here)))
        except Exception as error:  # noqa: BLE001 - code of others, in an environment that it was not written for
            said.append(f"{peer.ours}: {peer.repository} cannot be loaded: {type(error).__name__}: {error}")
    said += [text for repository in COMMITS if (text := _other_commit(folder, repository))]
    return found, list(dict.fromkeys(said))


def _other_commit(folder: Path, repository: str) -> str:
    import subprocess

    here = folder / repository.rpartition("/")[2]
    if not (here / ".git").exists():
        return ""
    asked = SimpleNamespace(stdout="")
    try:
        asked = subprocess.run(["git", "-C", here, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    commit = asked.stdout.strip()
    return (
        ""
        if commit == COMMITS[repository]
        else f"{repository} is at {commit[:12]}, the figures are of {COMMITS[repository][:12]}"
    )
