"""Images that stay on a device: those used last, no more than fit, and without unused ones if memory does not suffice."""

import threading

import pytest
import torch

from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe
from benchmark.training import device_cache, train
from benchmark.training.device_images import Images
from tests.support.stripes import CPU, network, stripes


def pixels(count):
    return Images(torch.zeros((count, 1, 10, 10), dtype=torch.uint8), torch.zeros(count, dtype=torch.int64))


def was_made(key, count=3, device=CPU):
    """Request images of 100 bytes each. Returns whether they had to be made."""
    made = []
    device_cache.get_or_upload(key, 100 * count, device, lambda: made.append(key) or pixels(count))
    return bool(made)


@pytest.fixture(autouse=True)
def room(monkeypatch):
    """The cache has room for ten images."""
    monkeypatch.setattr(device_cache, "HOST_BYTES", 1000)


def test_what_is_there_is_not_made_again():
    assert [was_made(key) for key in "abab"] == [True, True, False, False]


def test_what_was_used_longest_ago_goes_for_what_does_not_fit_beside_it():
    assert [was_made(key) for key in "abcad"] == [True, True, True, False, True]
    assert [was_made(key) for key in "acdb"] == [False, False, False, True]


def test_as_many_go_as_are_in_the_way():
    assert [was_made("a"), was_made("b"), was_made("c", 7)] == [True] * 3
    assert [was_made("b"), was_made("a"), was_made("b")] == [False, True, False]


def test_what_is_larger_than_the_cache_is_there_all_the_same():
    assert [was_made("a"), was_made("b", 11), was_made("b", 11)] == [True, True, False]
    assert was_made("a")


def test_a_gpu_keeps_half_of_its_memory_for_other_things(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 1200))
    made = [was_made(key, device=torch.device("cuda")) for key in "abcab"]
    assert made == [True] * 5


def test_processes_on_one_gpu_share_the_half_of_its_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 2400))
    for processes, last in ((1, False), (2, True)):
        device_cache._cache.clear()
        monkeypatch.setattr(device_cache.nvml, "processes", lambda device, processes=processes: processes)
        made = [was_made(key, device=torch.device("cuda")) for key in "abcab"]
        assert made == [True, True, True, last, last]


def test_cells_side_by_side_that_want_the_same_images_make_them_once():
    made, begun = [], threading.Barrier(3)

    def want():
        begun.wait(10)
        device_cache.get_or_upload("a", 300, CPU, lambda: made.append(1) or pixels(3))

    threads = [threading.Thread(target=want) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert made == [1]


def test_images_that_nobody_uses_are_let_go_and_others_stay():
    used = device_cache.get_or_upload("a", 300, CPU, lambda: pixels(3))
    was_made("b")
    assert device_cache.evict_unused()
    assert not device_cache.evict_unused()
    assert device_cache.get_or_upload("a", 300, CPU, lambda: pixels(3)) is used
    assert was_made("b")


def test_images_of_other_cells_go_before_a_batch_is_halved(monkeypatch, caplog):
    tried, real = [], Network.forward

    def forward(self, images):
        if self.training:
            tried.append(len(images))
            if len(tried) < 3:
                raise torch.OutOfMemoryError
        return real(self, images)

    monkeypatch.setattr(Network, "forward", forward)
    was_made("a")
    fit = train.fit(network(), stripes(16), stripes(8), Recipe(size=16, epochs=1, batch_size=16, precision="fp32"), 0)
    assert (tried, fit.micro_batch) == ([16, 16, 8, 8], 8)
    assert caplog.messages == ["memory does not suffice for 16 images at once: 8 from now on"]
    assert was_made("a")
