"""Files that an entry names in a repository of the hub, and what is said when the hub gives nothing away."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from benchmark.core.digest import file_digest
from benchmark.entries.fetch import fetch
from benchmark.machine.timm_import import timm
from benchmark.networks.load import cached_backbone, choices_in, initial_network, weights_of
from benchmark.networks.timm_weights import timm_weights
from benchmark.specs import catalogue
from benchmark.specs.source import Source, Weights
from results.error import CatsError
from tests.support.filled import filled
from tests.support.plans import source_start

COMMIT = "1" * 40
NAME = "test_vit"
STATED = {"mean": (0.5,) * 3, "std": (0.5,) * 3}
PLACE = {"hub": "lab/net", "revision": COMMIT}


def network():
    state = timm.create_model(NAME, num_classes=0).state_dict()
    return {name: filled(name, value.shape) for name, value in state.items()}


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """`entry(**weights)` is a source with these weights; its start comes back."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("CATS_WEIGHTS", str(folder))

    def make(**weights):
        source = Source(name="mine", title="t", weights=Weights(**weights))
        monkeypatch.setattr(catalogue, "source", lambda name, where="": source)
        for cache in (weights_of, cached_backbone):
            cache.cache_clear()
        return source_start("mine", NAME)

    return make


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The folder of lab/net at COMMIT in a cache of the hub, and no hub behind it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    place = tmp_path / "hub" / "models--lab--net" / "snapshots" / COMMIT
    (place / "a").mkdir(parents=True)
    return place


def under(prefix, state):
    return {f"{prefix}{name}": value for name, value in state.items()}


CONTENTS = {
    "pytorch_model.bin": (lambda state: state, {}),
    "a/last.pth": (lambda state: {"model": state, "epoch": 3}, {}),
    "ema.ckpt": (lambda state: {"state_dict": {}, "model_ema": state}, {"state_dict_key": "model_ema"}),
    "clip.pt": (
        lambda state: {f"visual.trunk.{name}": value for name, value in state.items()} | {"logit_scale": torch.ones(1)},
        {},
    ),
    "model.safetensors": (lambda state: under("module.", state), {}),
    "safetensors_inside.pt": (lambda state: state, {}),
    "mae.pth": (
        lambda state: state | {"mask_token": torch.ones(1, 1, 4), "decoder_embed.bias": torch.ones(4)},
        {"layout": "mae"},
    ),
}


@pytest.mark.parametrize("file", CONTENTS)
def test_a_file_that_an_entry_names_needs_no_configuration_of_timm(repository, entry, file):
    change, more = CONTENTS[file]
    state = network()
    (save_file if "safetensors" in file else torch.save)(change(state), repository / file)
    start = entry(**PLACE, hub_file=file, **STATED, **more)
    assert (start.kind, start.weights) == ("hub", f"lab/net@{COMMIT}/{file}")
    ours = initial_network(start, 2, 0).backbone.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in ours.items())
    said = choices_in(start)
    assert bool(said) == (file in {"clip.pt", "model.safetensors"})
    assert all(sentence.endswith(f"they are in lab/net@{COMMIT}/{file}") or file in sentence for sentence in said)


def test_another_file_or_layout_is_another_start(repository, entry):
    torch.save(network(), repository / "x.bin")
    one, other = (entry(**PLACE, hub_file=file, **STATED) for file in ("x.bin", "y.bin"))
    assert one.key != other.key
    assert entry(**PLACE, hub_file="x.bin", **STATED, layout="mae").key != one.key
    assert entry(**PLACE, hub_file="x.bin", **STATED, obtain="there", gate="https://a.b").key == one.key


def test_the_checksum_of_a_named_file_is_compared(repository, entry):
    torch.save(network(), repository / "x.bin")
    right = file_digest(repository / "x.bin")
    assert weights_of(entry(**PLACE, hub_file="x.bin", **STATED, sha256=right)).state is not None
    with pytest.raises(CatsError, match=f"lab/net@{COMMIT}: x.bin has sha256 {right}, expected 000"):
        weights_of(entry(**PLACE, hub_file="x.bin", **STATED, sha256="0" * 64))


def test_a_named_file_says_no_mean_so_that_the_entry_must(repository, entry):
    torch.save(network(), repository / "x.bin")
    with pytest.raises(CatsError, match=f"neither its entry nor lab/net@{COMMIT}/x.bin says with which mean and std"):
        weights_of(entry(**PLACE, hub_file="x.bin"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"file": "a", "hub_file": "a.bin"}, "hub_file is a file of a repository on the hub, but hub is not given"),
        ({**PLACE, "hub_file": "../a.bin"}, "hub_file '../a.bin' is not a path in a repository"),
        ({**PLACE, "hub_file": "/a.bin"}, "hub_file '/a.bin' is not a path in a repository"),
        ({**PLACE, "hub_file": "a/../../b.bin"}, "is not a path in a repository"),
        (
            {**PLACE, "hub_file": "model.pkl"},
            "hub_file 'model.pkl' is not a path in a repository that ends as files of weights do",
        ),
        ({"hub": "a/b", "hub_file": "a.bin"}, "hub a/b needs a revision"),
        ({"file": "a", "layout": "transformer_vit"}, "there is no layout 'transformer_vit'; did you mean 'transformers_vit'?"),
        ({"file": "a", "gate": "hub"}, "gate 'hub' is not an address; write https://"),
    ],
)
def test_what_an_entry_says_wrongly_is_one_sentence(fields, sentence):
    with pytest.raises(ValidationError) as caught:
        Weights(**fields)
    assert sentence in str(caught.value)


class Closed(BaseHTTPRequestHandler):
    """A hub that answers every request with one status, and with the error code of the real hub."""

    status, code = 401, "GatedRepo"

    def do_HEAD(self):
        self.send_response(self.status)
        if self.code:
            self.send_header("X-Error-Code", self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def closed_hub(tmp_path, monkeypatch):
    """`closed_hub(status, code)`: from then on the client of the hub talks to a hub that answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Closed)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def answer(status, code=None):
        monkeypatch.setattr(Closed, "status", status)
        monkeypatch.setattr(Closed, "code", code)

    yield answer
    server.shutdown()
    server.server_close()


OTHERWISE = "or the repository does not exist under this name, or a proxy does not let it through"
OTHERS = [(404, "RepoNotFound"), (404, "EntryNotFound"), (404, "RevisionNotFound"), (500, None)]
ANSWERS = [(401, "GatedRepo"), (403, "GatedRepo"), (401, "RepoNotFound"), (401, None), (403, None)]


@pytest.mark.parametrize(("status", "code"), ANSWERS)
@pytest.mark.parametrize("fields", [{}, {"hub_file": "a.bin"}, {"gate": "https://lab.net/licence"}])
def test_a_repository_behind_a_licence_is_one_sentence_that_says_what_to_do(closed_hub, entry, status, code, fields):
    closed_hub(status, code)
    with pytest.raises(CatsError) as caught:
        weights_of(entry(**PLACE, **STATED, **fields))
    what, page = fields.get("hub_file", "config.json"), fields.get("gate", "https://huggingface.co/lab/net")
    assert str(caught.value) == (
        f"{what} of lab/net@{COMMIT} is not open to everyone: accept the licence on the hub at {page}, then "
        "`huggingface-cli login` (called `hf auth login` by newer versions of the client)"
        + ("" if code == "GatedRepo" or "gate" in fields else f"; {OTHERWISE}")
    )


@pytest.mark.parametrize(
    ("status", "code"), [(404, "RepoNotFound"), (404, "EntryNotFound"), (404, "RevisionNotFound"), (500, None)]
)
def test_other_answers_of_the_hub_do_not_speak_of_a_licence(closed_hub, entry, status, code):
    closed_hub(status, code)
    with pytest.raises(CatsError) as caught:
        weights_of(entry(**PLACE, **STATED))
    said = str(caught.value)
    assert "could not be fetched from the hub (" in said
    assert "licence" not in said
    assert "\n" not in said


@pytest.mark.parametrize(("status", "code"), ANSWERS[:2])
def test_weights_of_timm_behind_a_licence_say_the_same(closed_hub, status, code):
    closed_hub(status, code)
    with pytest.raises(CatsError) as caught:
        timm_weights("test_vit.r160_in1k", "X")
    assert str(caught.value).startswith("timm's weights test_vit.r160_in1k are not open to everyone")
    assert "https://huggingface.co/timm/test_vit.r160_in1k, then `huggingface-cli login`" in str(caught.value)


GATED = {"file": "mine", "gate": "https://huggingface.co/a/b", "obtain": "fetch x.bin of a/b and put it as test_vit.mine.bin"}


def test_a_missing_file_says_where_it_is_to_be_had_and_that_a_licence_comes_first(entry):
    with pytest.raises(CatsError) as caught:
        entry(**GATED)
    said = str(caught.value)
    assert "test_vit.mine.safetensors not found in" in said
    assert said.endswith(
        "; accept the licence on the hub at https://huggingface.co/a/b, then `huggingface-cli login`; fetch x.bin of a/b and "
        "put it as test_vit.mine.bin"
    )


LOGIN = "accept the licence on the hub at https://huggingface.co/a/b, then `huggingface-cli login`"


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        (GATED, f"it is ready weights; {LOGIN}; {GATED['obtain']}"),
        ({"timm": True}, "it is ready weights; they are fetched when they are first used"),
        ({"file": "mine"}, "it is ready weights, and it has no data set"),
    ],
)
def test_cats_fetch_says_how_the_file_of_ready_weights_is_had(monkeypatch, fields, end):
    source = Source(name="mine", title="t", weights=Weights(**fields))
    monkeypatch.setattr(catalogue, "source", lambda name, where="": source)
    with pytest.raises(CatsError) as caught:
        fetch("mine", print)
    assert str(caught.value) == f"mine has no files to fetch: {end}"
