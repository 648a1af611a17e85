"""A network that is built from its own description takes its weights."""

import pytest

from benchmark.networks.architecture import architecture_of, network_of
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe


@pytest.mark.parametrize(
    ("backbone", "trained", "recipe"),
    [
        ("resnet18", Trained(arguments={"stem": "small"}), Recipe()),  # weights that were pretrained with the small stem
        ("resnet18", Trained(), Recipe(stem="small", hidden=(7, 5))),
        ("test_resnet", Trained(mean=(0.1, 0.2, 0.3), channels="grey"), Recipe()),
        ("test_resnet", Trained(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6), channels="bgr"), Recipe(hidden=(4,))),
    ],
)
def test_the_description_of_a_network_builds_its_like(backbone, trained, recipe):
    network = Network(backbone, trained, 3, recipe)
    again = network_of(architecture_of(network, backbone), 3)
    again.load_state_dict(network.state_dict())
    assert (again.channels, again.mean.flatten().tolist()) == (network.channels, network.mean.flatten().tolist())
    assert (again.std == network.std).all()
