#!/usr/bin/env bash
# Makes a Python virtual environment with PyTorch for the yardsticks.
#
#     install.sh FOLDER [PYTHON]
#
# PyPI's wheel of PyTorch for Linux carries CUDA libraries and runs without a GPU as well (5 GB on
# disk). Where pip is set up with an index of CPU wheels, it takes the smaller one from there.
# torch.compile needs a C++ compiler (g++) and Python's headers.
set -euo pipefail

folder=${1:?usage: install.sh FOLDER [PYTHON]}
python=${2:-python3}
here=$(cd "$(dirname "$0")" && pwd)

command -v "${CXX:-g++}" >/dev/null || { echo "no C++ compiler: install g++ or set CXX" >&2; exit 1; }
"$python" -m venv "$folder"
"$folder/bin/pip" install --quiet --requirement "$here/requirements.txt"
echo "installed; check with: $folder/bin/python $here/yardstick.py --self-test"
