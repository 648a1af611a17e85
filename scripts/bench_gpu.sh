#!/usr/bin/env bash
# The engine on a GPU, on a bare machine: torch, timm, scikit-learn and pandas are enough, MLflow and codecarbon are not needed.
# torch.compile, which it tries last, also wants a compiler of C.
#
#     scripts/bench_gpu.sh gpu.json [FOLDER WITH WHEELS] [--seeds N] [--workers N]
#
# pydantic is the one more thing that the engine imports; where it is missing it is installed into a temporary folder, from the
# package index or from the folder of wheels. In there must be pydantic, pydantic_core (of this machine's Python and processor),
# annotated_types, typing_inspection and typing_extensions: pip looks for all of them, whatever is installed already.
# On a machine with the same Python: pip download --only-binary :all: -d FOLDER pydantic
set -euo pipefail
out=$(realpath -m "${1:?usage: scripts/bench_gpu.sh OUT.json [FOLDER WITH WHEELS] [--seeds N] [--workers N]}")
shift
wheels=
if [[ ${1:-} && $1 != -* ]]; then
    wheels=$(realpath "$1")
    shift
fi
cd "$(dirname "$0")/.."
if ! python3 -c "import pydantic" 2>/dev/null; then
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    python3 -m pip install -q --target "$site" ${wheels:+--no-index --find-links "$wheels"} pydantic
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
python3 -c "import torch; assert torch.cuda.is_available(), 'there is no CUDA device here'"
python3 scripts/bench_training.py gpu compiled --device cuda --json "$out" "$@"
