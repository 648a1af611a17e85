"""The examples in the docstrings of `catsbench` are true."""

import doctest

import pytest

import catsbench
from benchmark.notebook import attempts, boards, making, sizes, tables

FOUND = [
    each
    for module in (attempts, boards, making, sizes, tables)
    for each in doctest.DocTestFinder().find(module)
    if each.examples
]


@pytest.mark.slow
@pytest.mark.parametrize("example", FOUND, ids=[each.name.rpartition(".")[2] for each in FOUND])
def test_the_example_of_a_docstring_is_true(toy, example, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    example.globs = {"catsbench": catsbench}
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)


def test_every_function_of_the_module_has_an_example():
    functions = {name for name, module in catsbench.MODULES.items() if module.startswith("benchmark.notebook")}
    assert {each.name.rpartition(".")[2] for each in FOUND} == functions
