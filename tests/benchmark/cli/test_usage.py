"""Calls that are not understood: one sentence in words of users with the nearest name, and exit code 2; help in these words."""

import re

import pytest

from benchmark.cli.commands import every_command, load
from benchmark.cli.usage import UsageError, sentence_of, type_of
from results.error import CatsError

KINDS = "sources, targets, measures, plans, recipes"
MANY = "a name or sentence of several words stands in quotation marks"
DOTS = re.compile(r"(?<!\.)\.\.(?![./\w])")  # two dots that are neither an ellipsis nor the way to a folder above
OF_LIBRARIES = re.compile(r"Value error|[Ii]nput should|Invalid value|No such|Got unexpected|<\w+>|list\[|Annotated")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("list sorces", f"KIND: there is no 'sorces'; did you mean sources? Allowed are {KINDS}"),
        ("list xyz", f"KIND: there is no 'xyz'; allowed are {KINDS}"),
        ("borad first", "there is no command 'borad'; did you mean board?"),
        ("xyz", "there is no command 'xyz'"),
        ("serve m", "there is no command 'serve'; `cats export MODEL mlflow` writes a folder to serve, and says how"),
        ("board first --nope", "there is no option --nope"),
        ("board first --met auc", "there is no option --met; did you mean --metric?"),
        ("board first --output-folder x", "there is no option --output-folder; did you mean --output?"),
        ("board first --formt csv", "there is no option --formt; did you mean --format?"),
        ("board first --format jsn", "--format: there is no 'jsn'; did you mean json? Allowed are table, json, csv, markdown"),
        (
            "plan first --cells 2",
            f"too many words: 2; {MANY}; --cells of `cats plan` is called --list-cells today",
        ),
        (
            "score first --images many",
            "--sample: 'many' is not a whole number from 10 to 1,000,000; --images of `cats score` is called --sample today",
        ),
        ("run", "PLAN is missing: A plan file, or the name of a shipped plan (see `cats list plans`)."),
        ("run first --kwh lots", "--kwh: 'lots' is not a number; write it as 0.25 or 1e-3"),
        ("run first --device quantum", "--device: there is no 'quantum'; allowed are auto, cpu, cuda"),
    ],
)  # fmt: skip
def test_the_sentence_about_a_call(cats, words, sentence):
    code, out, err = cats(*words.split())
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"cats: {sentence}"


def parameters():
    return [(name, each) for name, command in every_command().items() for each in command.params]


@pytest.mark.parametrize("value", ["?", "-"])
def test_no_option_answers_a_wrong_value_in_the_words_of_a_library(value):
    said = []
    for name, each in parameters():
        if each.param_type_name != "option" or each.is_flag or each.multiple:
            continue
        with load(name).make_context(name, [], resilient_parsing=True) as ctx:
            try:
                each.process_value(ctx, value)
            except (UsageError, CatsError) as error:
                said.append(sentence_of(error) if isinstance(error, UsageError) else str(error))
    assert len(said) > 20
    assert not [sentence for sentence in said if OF_LIBRARIES.search(sentence) or DOTS.search(sentence)]


def test_help_names_types_in_words_cuts_nothing_and_has_no_doubled_dots(cats, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    pages = [cats("--help")[1], *(cats(name, "--help")[1] for name in every_command())]
    for page in pages:
        assert not OF_LIBRARIES.search(page), OF_LIBRARIES.findall(page)
        cut = [line for line in page.splitlines() if DOTS.search(line) or "…" in line or len(line) > 80]
        assert not cut
    shown = {type_of(each) for _, each in parameters()}
    assert {"", "TEXT", "NUMBER", "PATH", "NAME"} <= shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("sources --modality xrai", "--modality is 'xrai', which none of the sources has; did you mean 'X-ray'? There are "),
        ("targets --modality zzz", "--modality is 'zzz', which none of the targets has; there are "),
        ("targets --modality ultrasond", "which none of the targets has; did you mean 'ultrasound'? There are "),
        ("targets brest", "'brest' is in no name and no other column of the targets; did you mean 'breast'?"),
        ("measures qqqq", "'qqqq' is in no name and no other column of the measures; `cats list measures` lists all"),
        ("plans frst", "'frst' is in no name and no other column of the plans; did you mean 'first'?"),
    ],
)  # fmt: skip
def test_a_filter_that_nothing_meets_is_a_sentence(cats, words, sentence):
    code, out, err = cats("list", *words.split())
    assert (code, out) == (2, "")
    assert sentence in err


def test_what_help_adds_to_an_option_is_added_once_and_changes_no_option():
    plan = load("plan")
    (option,) = [each for each in plan.params if "--device" in each.opts]
    before = option.help
    for _ in range(2):
        (shown,) = [each for each in plan.get_params(plan.make_context("plan", ["toy"])) if "--device" in each.opts]
        assert shown.help == f"{before} One of auto, cpu, cuda."
    assert option.help == before
