"""Digits as a target: the images of the source of the same name, split 70/15/15."""

from benchmark import Target
from sources.digits import dataset

target = Target(name="digits", dataset=dataset)
