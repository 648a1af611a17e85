"""Sources whose images are drawn: two of the same law and numbers are one and the same."""

import numpy as np

from benchmark.entries.generated import Law, generated


def grey(classes, per_class):
    return (np.full((8, 8, 3), number, np.uint8) for number in range(classes) for _ in range(per_class))


def black(classes, per_class):
    return (np.zeros((8, 8, 3), np.uint8) for _ in range(classes * per_class))


def test_data_sets_of_the_same_law_and_numbers_are_equal(tmp_path):
    law = Law("grey", "Greys", "us", "shade", 8, grey)
    one, same = (generated(law, 3, 2).dataset for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    others = [generated(law, 3, 4), generated(law, 2, 2), generated(Law("grey", "Greys", "us", "shade", 8, black), 3, 2)]
    assert all(one != other.dataset for other in others)
    samples = one.read(tmp_path)
    assert [int(image.mean()) for image in samples.images] == samples.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert samples.ids[2:4] == ["1-0", "1-1"]
