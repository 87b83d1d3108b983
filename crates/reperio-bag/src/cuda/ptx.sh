#!/usr/bin/env bash
# Compiles kernels/bag.cu to bag.ptx, byte for byte the same each time: ptx.sh. With --check it compares
# instead, with --report it also prints registers, spills and shared memory of each kernel (ptxas).
#
# The compiler comes from PyPI into a temporary folder, or stands already in the folder $CUDA_WHEELS
# (unpacked wheels). Pinned: a later one writes PTX that drivers of CUDA 13.0 refuse.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

wheels=${CUDA_WHEELS:-}
if [ -z "$wheels" ]; then
    wheels=$(mktemp -d)
    trap 'rm -r "$wheels"' EXIT
    packages=(nvidia-cuda-nvrtc==13.0.88)
    if [ "${1:-}" = --report ]; then packages+=(nvidia-cuda-nvcc==13.0.88); fi
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$wheels" "${packages[@]}"
fi
made=$(mktemp)
LD_LIBRARY_PATH="$wheels/nvidia/cu13/lib" python3 - "$made" <<'PYTHON'
import ctypes, hashlib, pathlib, re, sys

nvrtc = ctypes.CDLL("libnvrtc.so.13")
kernels = pathlib.Path("kernels")
source = (kernels / "bag.cu").read_bytes()
program, size = ctypes.c_void_p(), ctypes.c_size_t()

def check(code):
    if code != 0:
        sys.exit(f"nvrtc: error {code}")

check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"bag.cu", 0, None, None))
options = [b"--gpu-architecture=compute_80", b"--fmad=false", b"--std=c++17", b"--include-path=kernels"]
failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
check(nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size)))
log = ctypes.create_string_buffer(size.value)
check(nvrtc.nvrtcGetProgramLog(program, log))
if failed or log.value.strip():
    sys.exit(log.value.decode())
check(nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)))
ptx = ctypes.create_string_buffer(size.value)
check(nvrtc.nvrtcGetPTX(program, ptx))
# Nothing in it is newer than PTX 8.3, which drivers since CUDA 12.3 load.
text = re.sub(r"^\.version .*$", ".version 8.3", ptx.value.decode(), count=1, flags=re.M)
# A test of the crate compares this with the sources.
digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(kernels.iterdir())))
pathlib.Path(sys.argv[1]).write_text(f"// kernels {digest.hexdigest()}\n{text}")
PYTHON
case "${1:-}" in
--check) cmp "$made" bag.ptx && echo "bag.ptx is what its source compiles to" ;;
*) cp "$made" bag.ptx && chmod 644 bag.ptx ;;
esac
rm "$made"
if [ "${1:-}" = --report ]; then
    for arch in sm_80 sm_90; do
        echo "== $arch"
        "$wheels/nvidia/cu13/bin/ptxas" -v -arch=$arch -o /dev/null bag.ptx 2>&1 | grep -v 'Compil\|gmem'
    done
fi
