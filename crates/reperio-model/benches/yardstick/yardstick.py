#!/usr/bin/env python3
"""PyTorch yardsticks for `reperio bench`: one JSON request a line in, one JSON answer a line out.

    python yardstick.py INPUT.safetensors
    python yardstick.py --self-test
"""

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path

import torch
import torch._inductor.config as inductor

import cohort
from best import Best
from published import Published

METHODS = {"published": Published, "best": Best}
TASKS = {"score": ("score", 1.0), "update": ("update", 1.0), "update10": ("update", 0.1)}


class Bench:
    """Keeps one prepared method, so that turns after the first need no warm-up."""

    def __init__(self, data):
        self.data = data
        self.key = None
        self.program = None

    def answer(self, request):
        method, device = request["method"], request.get("device", "cpu")
        task, fraction = TASKS[request["task"]]
        fraction = request.get("top_fraction", fraction)
        key = (method, device, request.get("threads", 2), task, fraction)
        configure(key[2], request.get("tf32", False))
        began = time.perf_counter()
        work = self.prepared(key)
        warm_up = time.perf_counter() - began
        base = reset_peak(device)
        seconds = []
        for _ in range(request.get("repeats", 1)):
            self.program.restore()
            elapsed, outputs = timed(lambda: work(fraction), device)
            seconds.append(elapsed)
        return {
            "seconds": seconds,
            "sequences": self.data.sequences,
            "warm_up_seconds": warm_up,
            "peak_bytes": peak(device),
            "base_bytes": base,
            **describe(outputs),
        }

    def prepared(self, key):
        method, device, threads, task, fraction = key
        if key != self.key:
            if self.key and threads != self.key[2]:
                torch._dynamo.reset()  # compiled loops have their number of threads built in
            self.program = None
            gc.collect()
            self.program = METHODS[method](self.data, task == "update", device)
            self.key = key
            for _ in range(2):
                timed(lambda: getattr(self.program, task)(fraction), device)
        return getattr(self.program, task)


def configure(threads, tf32):
    torch.set_num_threads(threads)
    inductor.cpp.threads = threads
    inductor.assert_indirect_indexing = False  # codes are checked where the file is read
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32


def timed(work, device):
    """Seconds of `work` and what it returns, by events on a GPU."""
    if not device.startswith("cuda"):
        began = time.perf_counter()
        outputs = work()
        return time.perf_counter() - began, outputs
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    outputs = work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000, outputs


def describe(outputs):
    """Logits of a scoring; logits, loss and norms of gradients of an update."""
    if isinstance(outputs, torch.Tensor):
        return {"logits": outputs.tolist()}
    logits, loss, gradients = outputs
    norms = {name: gradient.norm().item() for name, gradient in gradients.items()}
    return {"logits": logits.tolist(), "loss": loss.item(), "gradient_norms": norms}


def status(key):
    """A size of this process in bytes, where the system tells (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def reset_peak(device):
    """Starts a new peak; returns the memory held now."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return status("VmRSS")
    except OSError:
        return None


def peak(device):
    """Peak bytes since `reset_peak`; of the whole life of the process where that is unknown."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated()
    try:
        return status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(path, lines, out):
    data = cohort.read(path)
    bench = Bench(data)
    greeting = {
        "torch": torch.__version__,
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "repertoires": len(data),
        "sequences": data.sequences,
    }
    print(json.dumps(greeting), file=out, flush=True)
    for line in lines:
        if line.strip():
            print(json.dumps(attempt(bench, line)), file=out, flush=True)


def attempt(bench, line):
    try:
        return bench.answer(json.loads(line))
    except Exception as error:  # the caller reads it; the next request may succeed
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    if sys.argv[1:2] == ["--self-test"]:
        import selftest

        return selftest.run(Bench)
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # Answers alone go to standard output; what a library prints goes to standard error.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, out)


if __name__ == "__main__":
    main()
