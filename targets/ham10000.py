"""HAM10000: dermatoscopic pictures of seven kinds of pigmented lesions; lesions photographed again are groups."""

from benchmark.dataset import Dataset, File
from benchmark.readers import npz
from benchmark.target import Target

PATH = "archives/ham10000_28.npz"

target = Target(
    name="ham10000",
    dataset=Dataset(
        name="ham10000",
        title="HAM10000, pigmented skin lesions, 28 px, split 70/10/20 by lesion",
        modality="dermatoscopy",
        task="multiclass",
        classes=("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"),
        licence="CC BY-NC 4.0",
        citation="Tschandl et al., The HAM10000 dataset, Scientific Data 5:180161, 2018",
        files=(File(path=PATH, sha256="4634fb51536826771867a21677dce6b8a7152be026c096190a1d50915f41a5ac"),),
        obtain="put the pictures at 28 px in MedMNIST's keys, with {part}_groups holding the lesion ids, as that file",
        family="ham10000",
        groups="lesion",
        shape=(28, 28),
        images=10015,
        read=npz(PATH),
    ),
)
