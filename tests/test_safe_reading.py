"""Nothing that a user or a server gives is unpickled: every call in the code that could do so is looked at."""

import ast

import pytest

from tests.support.paths import ROOT

FILES = [
    path
    for name in ("benchmark", "results", "sources", "targets", "similarity")
    for path in sorted((ROOT / name).rglob("*.py"))
]
SAFE = {"np.load": ("allow_pickle", False), "torch.load": ("weights_only", True)}
NEVER = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "pd.read_pickle", "torch.hub.load", "cloudpickle.loads",
    "dill.loads", "marshal.loads", "shelve.open", "yaml.unsafe_load", "yaml.full_load", "eval", "exec", "os.system",
    "shutil.unpack_archive", "mlflow.pyfunc.load_model", "mlflow.pytorch.load_model",
}  # fmt: skip
METHODS = {"extractall"}  # of archives: it writes where the archive says


def unsafe(tree):
    """Calls that could run or write what a file says, by line."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        given = {keyword.arg: getattr(keyword.value, "value", None) for keyword in call.keywords}
        if name in SAFE and given.get(SAFE[name][0]) is not SAFE[name][1]:
            yield f"line {call.lineno}: {name} without {SAFE[name][0]}={SAFE[name][1]}"
        if name in NEVER or (isinstance(call.func, ast.Attribute) and call.func.attr in METHODS):
            yield f"line {call.lineno}: {name}"


@pytest.mark.slow
def test_no_call_of_ours_could_run_or_write_what_a_file_says():
    found = {str(path.relative_to(ROOT)): list(unsafe(ast.parse(path.read_text()))) for path in FILES}
    assert len(found) > 150
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line", ["np.load(x)", "np.load(x, allow_pickle=True)", "torch.load(x)", "pickle.load(x)", "tar.extractall(x)"]
)
def test_such_a_call_would_be_found(line):
    assert list(unsafe(ast.parse(line)))
