"""The commit of the code, read from the files of git."""

import subprocess

import pytest

from benchmark.machine.commit import commit_of

COMMIT, OTHER = "a" * 40, "b" * 40


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"HEAD": f"{COMMIT}\n"}, COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "refs__heads__main": f"{COMMIT}\n"}, COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "packed-refs": f"# x\n{OTHER} refs/heads/a\n{COMMIT} refs/heads/main\n"}, COMMIT),
        ({"HEAD": "ref: refs/heads/main\n"}, None),
        ({"HEAD": "nonsense\n"}, None),
        ({}, None),
    ],
    ids=["detached", "branch", "packed", "without a commit", "damaged", "without a head"],
)  # fmt: skip
def test_the_commit_of_a_checkout(tmp_path, files, wanted):
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".git", **files)
    assert commit_of(tmp_path) == wanted


def test_the_commit_of_a_second_work_tree(tmp_path):
    own = tmp_path / "main/.git/worktrees/second"
    write(own, HEAD="ref: refs/heads/side\n", commondir="../..\n")
    write(tmp_path / "main/.git", refs__heads__side=f"{COMMIT}\n")
    write(tmp_path / "second", **{".git": f"gitdir: {own}\n"})
    assert commit_of(tmp_path / "second") == COMMIT


def test_git_says_the_same(tmp_path):
    told = subprocess.run(
        "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git rev-parse HEAD",
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert commit_of(tmp_path) == told.stdout.strip()
