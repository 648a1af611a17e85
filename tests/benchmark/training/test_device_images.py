"""Images on the device and images that are streamed to it are the same images in the same order."""

import logging
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from benchmark.training.device_images import Images, as_float, batches, on_device
from tests.support.stripes import CPU, stripes


class Streamed(Images):
    """Images whose pixels are on another device than their batches, as is possible with a GPU."""

    device = property(lambda self: torch.device("cpu", 0))


def numbered(count, kind=Images):
    """Image i is of the grey i and has the label i."""
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).contiguous()
    return kind(pixels, torch.arange(count))


@pytest.fixture
def pinned(monkeypatch):
    """The number of images of each pinned tensor; pinning itself needs a GPU."""
    counts = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: (counts.append(len(self)), self)[1])
    return counts


@pytest.mark.parametrize("kind", [Images, Streamed])
def test_batches_are_all_images_once_in_the_order_that_was_asked_for(kind, pinned):
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    made = list(batches(numbered(10, kind), order, 4))
    assert [len(labels) for _, labels in made] == [4, 4, 2]
    assert torch.cat([labels for _, labels in made]).tolist() == order.tolist()
    assert torch.cat([pixels for pixels, _ in made])[:, 0, 0, 0].tolist() == order.tolist()
    assert pinned == ([4, 4, 2] if kind is Streamed else [])


def test_a_batch_has_the_images_that_were_asked_for_and_no_others():
    made = list(batches(numbered(10), torch.tensor([7, 7, 1]), 4))
    assert [labels.tolist() for _, labels in made] == [[7, 7, 1]]


def test_the_next_batch_is_on_its_way_while_one_is_used(monkeypatch):
    asked, real = [], Images.batch
    monkeypatch.setattr(Images, "batch", lambda self, index: (asked.append(index.tolist()), real(self, index))[1])
    going = batches(numbered(6), torch.arange(6), 2)
    assert next(going)[1].tolist() == [0, 1]
    assert asked == [[0, 1], [2, 3]]
    assert next(going)[1].tolist() == [2, 3]
    assert asked == [[0, 1], [2, 3], [4, 5]]
    assert next(going)[1].tolist() == [4, 5]
    assert next(going, None) is None


def test_a_streamed_batch_comes_to_where_the_labels_are(pinned):
    images = Images(numbered(4).pixels, torch.arange(4, device="meta"))  # tensors there have a place and no values
    assert images.device == torch.device("meta")
    pixels, labels = images.batch(torch.tensor([1, 2, 3]))
    assert (pixels.device.type, pixels.dtype, tuple(pixels.shape)) == ("meta", torch.uint8, (3, 1, 2, 2))
    assert (labels.device.type, tuple(labels.shape)) == ("meta", (3,))
    assert pinned == [3]


def test_channels_come_first_and_pixels_stay_whole_numbers():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)
    images = on_device(pixels, np.arange(5), CPU)
    assert images.pixels.dtype == torch.uint8
    assert torch.equal(images.pixels, torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()))
    assert (images.labels.dtype, images.labels.tolist()) == (torch.int64, [0, 1, 2, 3, 4])
    assert len(images) == 5


def test_several_labels_are_numbers_that_a_loss_can_take():
    assert stripes(4, multilabel=True).labels.dtype == torch.float32
    assert stripes(4, multilabel=True).labels.tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("memory", "streamed"), [((2048, 0, 0), False), ((2047, 0, 0), True), ((2000, 100, 52), False), ((2000, 100, 53), True)]
)
def test_what_does_not_fit_into_half_of_the_free_memory_stays_on_the_host(monkeypatch, pinned, caplog, memory, streamed):
    """1024 bytes of pixels; memory that torch holds and does not use is free too."""
    free, reserved, allocated = memory
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: reserved)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: allocated)
    went, real = [], torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, device, *kind: (went.append(len(self)), real(self, *kind))[1])
    with caplog.at_level(logging.INFO, "benchmark.training.device_images"):
        images = on_device(np.zeros((4, 16, 16, 1), np.uint8), np.zeros(4, np.int64), torch.device("cuda"))
    assert tuple(images.pixels.shape) == (4, 1, 16, 16)
    assert len(went) == (1 if streamed else 2)  # labels always go there
    assert pinned == []  # only batches are
    assert [message for message in caplog.messages if "are streamed" in message] == caplog.messages
    assert len(caplog.messages) == streamed


class Stream:
    """Records its calls, in place of CUDA's event."""

    def __init__(self, name, said):
        self.name, self.said, self.events = name, said, 0

    def wait_stream(self, other):
        self.said.append(f"{self.name} waits for {other.name}")

    def record_event(self):
        self.events += 1
        return self.events - 1

    def wait_event(self, number):
        self.said.append(f"{self.name} waits for batch {number}")


def test_to_a_gpu_the_next_batch_goes_beside_the_work_and_the_work_waits_for_its_own(monkeypatch):
    """There is no GPU here: streams that record their calls."""
    said, current = [], []

    class Sent(Images):
        device = property(lambda self: torch.device("cuda"))

        def batch(self, index):
            said.append(f"batch {index[0]} sent in {current[-1].name}")
            return self.pixels[index], self.labels[index]

    @contextmanager
    def within(stream):
        current.append(stream)
        yield
        current.pop()

    work, side = Stream("work", said), Stream("side", said)
    current.append(work)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: side)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: current[-1])
    monkeypatch.setattr(torch.cuda, "stream", within)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda self, stream: said.append(f"kept for {stream.name}"))
    for number, _ in enumerate(batches(numbered(3, Sent), torch.arange(3), 1)):
        said.append(f"batch {number} used")
    kept = ["kept for work"] * 2
    assert said == [
        "side waits for work", "batch 0 sent in side",
        "batch 1 sent in side", "work waits for batch 0", *kept, "batch 0 used",
        "batch 2 sent in side", "work waits for batch 1", *kept, "batch 1 used",
        "work waits for batch 2", *kept, "batch 2 used",
    ]  # fmt: skip


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_sees_the_same_batches_whether_images_lie_there_or_are_streamed(monkeypatch):
    pixels, labels = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8), np.arange(50)
    there = on_device(pixels, labels, torch.device("cuda"))
    monkeypatch.setattr("benchmark.training.device_images.SHARE", 0)
    streamed = on_device(pixels, labels, torch.device("cuda"))
    assert (there.pixels.device.type, streamed.pixels.device.type, streamed.device.type) == ("cuda", "cpu", "cuda")
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    for one, other in zip(batches(there, order, 16), batches(streamed, order, 16), strict=True):
        assert other[0].device.type == "cuda"
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


def test_grey_becomes_three_equal_channels_between_0_and_1():
    batch = as_float(stripes(4).batch(torch.arange(4))[0])
    assert batch.shape == (4, 3, 16, 16)
    assert torch.equal(batch[:, 0], batch[:, 2])
    assert 0 <= batch.min() <= batch.max() <= 1


def test_black_is_0_and_white_is_1():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    assert as_float(pixels)[:, 1, 0, 0].tolist() == pytest.approx([0.0, 0.2, 1.0])
    assert pixels.flatten().tolist() == [0, 51, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_images_lie_with_their_channels_last(channels):
    made = as_float(torch.zeros((2, channels, 8, 8), dtype=torch.uint8))
    assert made.is_contiguous(memory_format=torch.channels_last)
    assert made.dtype == torch.float32
    made[0, 0] = 1  # the three channels are no views of one
    assert made[0, 1].sum() == 0


def test_colour_keeps_its_channels():
    pixels = np.zeros((2, 16, 16, 3), np.uint8)
    pixels[..., 0], pixels[..., 2] = 255, 51
    batch = as_float(on_device(pixels, np.array([0, 1]), CPU).pixels)
    assert batch[0, :, 0, 0].tolist() == pytest.approx([1.0, 0.0, 0.2])
