"""Words for parts, as people call their folders and cells; what is not clear is no part."""

import pytest

from benchmark.data.readers.part_words import part_of, resembles_part

TRAIN = ["train", "TRAIN", "Training", "training_set", "train-data", "train images", "trainset", "TrainSet", "images_train",
         " train ", "train_split", "ｔｒａｉｎ"]  # fmt: skip
VAL = ["val", "Valid", "VALIDATION", "validation_set", "dev", "dev-set", "validate", "valset", "val_images", "Val Data"]
TEST = ["test", "Test_Set", "TESTING", "testset", "holdout", "hold-out", "Hold Out", "held_out", "HoldOutSet", "test_images"]


@pytest.mark.parametrize(
    ("word", "part"), [*((w, "train") for w in TRAIN), *((w, "val") for w in VAL), *((w, "test") for w in TEST)]
)
def test_a_word_of_the_field_is_the_part_that_people_mean(word, part):
    assert part_of(word) == part


@pytest.mark.parametrize(
    "word", ["TEST_SIMPLE", "test2", "train_1", "PublicTest", "external test", "trainval", "eval", "val-B"]
)
def test_a_word_beside_the_part_is_not_guessed_and_noticed(word):
    assert part_of(word) is None
    assert resembles_part(word)


@pytest.mark.parametrize("word", ["", "benign", "contest", "trainer", "values", "fold1", "images", "set", "0", "all", "valve"])
def test_other_words_are_no_parts(word):
    assert part_of(word) is None
    assert not resembles_part(word)
