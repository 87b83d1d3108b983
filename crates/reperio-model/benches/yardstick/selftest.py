"""Both methods compute the same, and what the committed fixture says; `yardstick.py --self-test`."""

import json
import math
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import cohort

LOGIT = 1e-5
GRADIENT = 1e-4
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
FIXTURES = Path(__file__).resolve().parents[2] / "tests/fixtures"


def random_input(path, sizes, shortest=10, longest=20, seed=1):
    """Writes an input file with repertoires of `sizes` sequences and a random network."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (sum(sizes),), generator=generator)
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    residues = torch.randint(0, 20, (int(offsets[-1]),), generator=generator).to(torch.uint8)
    repertoires = torch.tensor([0, *sizes]).cumsum(0)

    def normal(*shape, sd):
        return torch.randn(shape, generator=generator) * sd

    save_file(
        {
            "residues": residues,
            "offsets": offsets,
            "repertoires": repertoires,
            "labels": torch.arange(len(sizes)).remainder(2).float(),
            "filter.0.weight": normal(9, 20, 32, sd=0.1),
            "filter.0.position": normal(27, 32, sd=0.1),
            "filter.0.bias": normal(32, sd=0.1),
            "key.0.weight": normal(32, 32, sd=math.sqrt(1 / 32)),
            "key.0.bias": normal(32, sd=0.1),
            "key.1.weight": normal(32, 32, sd=math.sqrt(1 / 32)),
            "key.1.bias": normal(32, sd=0.1),
            "state.pattern": normal(1, 32, sd=math.sqrt(1 / 32)),
            "state.log_beta": torch.tensor([0.3]),
            "gamma": torch.zeros(1),
            "head.weight": normal(1, 1, 32, sd=math.sqrt(1 / 32)),
            "head.bias": normal(1, sd=0.1),
        },
        path,
    )


def check(what, got, want, tolerance):
    """Relative to the largest value of a tensor."""
    got, want = got.double().flatten(), want.double().flatten()
    gap = float((got - want).abs().max() / want.abs().max())
    print(f"{what}: {gap:.1e}")
    assert gap < tolerance, f"{what}: {gap}, allowed {tolerance}"


def run(bench_of):
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    # Single sequences, sequences shorter than the kernel, more than one chunk.
    cases = [([1, 30, 500], 1, 8), ([300, 5000, 2], 5, 31), ([1000, 800], 10, 20)]
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        for sizes, shortest, longest in cases:
            path = Path(folder) / "input.safetensors"
            random_input(path, sizes, shortest, longest)
            for device in devices:
                passed += compare(bench_of(cohort.read(path)), device, f"{sizes} {device}")
    passed += agree_with_fixture(bench_of)
    print(f"{passed} passed, 0 failed")


def fixture(bags, labels):
    """A cohort of `bags` of the fixture, its parameters laid out as in an input file."""
    tensors = load_file(FIXTURES / "deeprc.safetensors")
    junctions = [junction for bag in bags for junction in bag["junction_aa"]]
    codes = [RESIDUES.index(residue) for junction in junctions for residue in junction]
    return cohort.Cohort(
        torch.tensor(codes, dtype=torch.uint8),
        torch.tensor([0, *map(len, junctions)]).cumsum(0),
        torch.tensor([0, *(len(bag["junction_aa"]) for bag in bags)]).cumsum(0),
        torch.tensor(labels, dtype=torch.float32),
        layout(lambda name: tensors[name]),
    )


def layout(tensor):
    """PyTorch's parameters, or their gradients, under the names and in the shapes of an input file."""
    filters = tensor("filter.weight").permute(2, 1, 0)  # (K, 23, C)
    return {
        "filter.0.weight": filters[:, :20].contiguous(),
        "filter.0.position": filters[:, 20:].reshape(27, 32),
        "filter.0.bias": tensor("filter.bias"),
        "key.0.weight": tensor("key_0.weight").T.contiguous(),
        "key.0.bias": tensor("key_0.bias"),
        "key.1.weight": tensor("key_1.weight").T.contiguous(),
        "key.1.bias": tensor("key_1.bias"),
        "state.pattern": tensor("query.weight"),
        "state.log_beta": torch.zeros(1),
        "head.weight": tensor("head.weight").view(1, 1, 32),
        "head.bias": tensor("head.bias"),
    }


def agree_with_fixture(bench_of):
    """Logits, reduced logits, loss and gradients of an independent program in float64."""
    json_of = json.loads((FIXTURES / "deeprc.json").read_text())
    case = json_of["cases"]["plain"]
    scored, batch = case["bags"], case["minibatch"]
    several = [i for i, bag in enumerate(scored) if "logit_kept" in bag]
    grads = load_file(FIXTURES / "deeprc.safetensors")
    want = layout(lambda name: grads[f"plain.grad.{name}"])
    for method in ("published", "best"):
        def outputs(bags, labels, task, fraction):
            bench = bench_of(fixture([json_of["bags"][i] for i in bags], labels))
            bench.answer({"method": method, "task": task, "top_fraction": fraction})
            bench.program.restore()
            return getattr(bench.program, task)(fraction)

        labels = [0] * len(scored)
        got = outputs(range(len(scored)), labels, "score", 1.0)
        check(f"fixture: {method}: logits", got, column(scored, "logit_all"), LOGIT)
        got = outputs(several, labels[: len(several)], "score", 0.1)
        reduced = column([scored[i] for i in several], "logit_kept")
        check(f"fixture: {method}: reduced logits", got, reduced, LOGIT)
        logits, loss, gradients = outputs(batch["bags"], batch["labels"], "update", 1.0)
        check(f"fixture: {method}: update: logits", logits, torch.tensor(batch["logits"]), LOGIT)
        check(f"fixture: {method}: update: loss", loss, torch.tensor(batch["loss"]), LOGIT)
        for name, gradient in gradients.items():
            what = f"fixture: {method}: update: gradient of {name}"
            check(what, gradient, want[name], GRADIENT)
    return 2


def column(bags, key):
    return torch.tensor([bag[key] for bag in bags], dtype=torch.float64)


def compare(bench, device, name):
    outputs = {}
    for method in ("published", "best"):
        for task in ("score", "update", "update10"):
            bench.answer({"method": method, "task": task, "device": device})
            bench.program.restore()
            kind = task.removesuffix("10")
            outputs[method, task] = getattr(bench.program, kind)(bench.key[-1])
    for task in ("score", "update", "update10"):
        want, got = outputs["published", task], outputs["best", task]
        if task == "score":
            check(f"{name}: logits", got, want, LOGIT)
            continue
        check(f"{name}: {task}: logits", got[0], want[0], LOGIT)
        check(f"{name}: {task}: loss", got[1], want[1], LOGIT)
        for tensor, gradient in want[2].items():
            check(f"{name}: {task}: gradient of {tensor}", got[2][tensor], gradient, GRADIENT)
    return 3
