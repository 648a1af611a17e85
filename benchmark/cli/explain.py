"""`cats explain`: what the answers of a kept classifier rest on."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import whole
from benchmark.cli.options import Device, DeviceOption, ModelArgument
from benchmark.cli.places import a_folder
from benchmark.cli.terminal import print_line, say
from results.error import CatsError
from results.text.counts import how_many

app = typer.Typer()


@app.command()
def explain(
    model: ModelArgument,
    images: Annotated[
        list[Path] | None, typer.Argument(metavar="IMAGES", help="Pictures, DICOM files or folders of them, at most 100.")
    ] = None,
    errors: Annotated[
        int | None, typer.Option(parser=whole(1, 100), help="Explain wrong answers to test images only, at most so many.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.targets,
            help="Another target whose test images are explained.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=a_folder("the explanations"),
            help="Folder of the explanations; by default `explanations`, of test images in the folder of the classifier.",
        ),
    ] = None,
    check: Annotated[
        int,
        typer.Option(
            parser=whole(0, 1000),
            help="Number of images whose maps are compared with those of re-drawn weights, and with masks; 0 for no check.",
        ),
    ] = 40,
    arrays: Annotated[bool, typer.Option("--arrays", help="Write the maps as numbers too, as safetensors.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace older explanations in the folder.")] = False,
    device: DeviceOption = Device.auto,
) -> None:
    """Show where a classifier looks: Grad-CAM and integrated gradients of right, wrong and unsure test images, or of pictures.

    The maps are checked: whether they depend on the weights, and, where masks are known, how much of them lies inside.
    """
    if images and (errors is not None or target is not None):
        raise CatsError(f"{'--errors' if errors is not None else '--target'} is for test images; name no pictures beside it")
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.machine.device import device_of
    from benchmark.models.explanation.explain import explain as explained
    from benchmark.models.explanation.pictures import given_pictures, target_pictures
    from benchmark.models.explanation.sentences import sentences_of
    from benchmark.models.explanation.write import require_free, write_explanation
    from benchmark.models.manifest import EXPLANATIONS
    from benchmark.models.model import read_model

    folder = to or (Path(EXPLANATIONS) if images else model / EXPLANATIONS)  # a classifier is passed on, names are not
    require_free(folder, overwrite=overwrite)
    kept = read_model(model, device_of(device.value).type)
    pictures = given_pictures(kept.manifest, images) if images else target_pictures(kept.manifest, target)
    made = explained(kept, pictures, errors, check)
    write_explanation(made, folder, arrays=arrays, overwrite=overwrite)
    if errors is not None and made.answers.wrong < errors:
        exist = how_many(made.answers.wrong, "error exists and is", "errors exist and all of them are")
        say(f"--errors is {errors}; {exist} explained")
    for sentence in sentences_of(made):
        print_line(sentence)
    print_line(f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}")
