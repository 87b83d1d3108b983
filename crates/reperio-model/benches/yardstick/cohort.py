"""The input file and what both methods need of it: padded codes, lengths, position channels.

Tensors of the file are listed in README.md.
"""

from dataclasses import dataclass

import torch
from safetensors.torch import load_file

KERNEL = 9
FILTERS = 32
RESIDUES = 20
PAD = 20
"""Code after a sequence's end."""


@dataclass
class Bag:
    """A repertoire zero-padded to one length."""

    codes: torch.Tensor  # (n, L), uint8
    lengths: torch.Tensor  # (n,), int64

    def to(self, device):
        return Bag(self.codes.to(device), self.lengths.to(device))


@dataclass
class Cohort:
    """Repertoires that form one minibatch, their labels, the network's parameters."""

    residues: torch.Tensor  # (R,), uint8
    offsets: torch.Tensor  # (N + 1,), int64
    repertoires: torch.Tensor  # (B + 1,), int64
    labels: torch.Tensor  # (B,), float32
    parameters: dict

    def __len__(self):
        return len(self.repertoires) - 1

    @property
    def sequences(self):
        return int(self.repertoires[-1] - self.repertoires[0])

    def lengths(self, b):
        first, last = self.repertoires[b], self.repertoires[b + 1]
        return self.offsets[first + 1 : last + 1] - self.offsets[first:last]

    def bags(self, together):
        """Bags padded to the longest sequence of all (an update), or each to its own (scoring)."""
        longest = [max(KERNEL, int(self.lengths(b).max())) for b in range(len(self))]
        if together:
            longest = [max(longest)] * len(self)
        return [self.bag(b, padded) for b, padded in enumerate(longest)]

    def bag(self, b, padded):
        lengths = self.lengths(b)
        first, last = self.repertoires[b], self.repertoires[b + 1]
        codes = torch.full((len(lengths), padded), PAD, dtype=torch.uint8)
        inside = torch.arange(padded)[None, :] < lengths[:, None]  # (n, L)
        codes[inside] = self.residues[self.offsets[first] : self.offsets[last]]
        return Bag(codes, lengths)


def read(path):
    """Reads and checks an input file."""
    tensors = load_file(path)
    data = [tensors.pop(name) for name in ("residues", "offsets", "repertoires", "labels")]
    residues, offsets, repertoires, labels = data
    cohort = Cohort(residues, offsets.long(), repertoires.long(), labels.float(), tensors)
    assert residues.dtype == torch.uint8 and int(residues.max()) < RESIDUES, "residue codes"
    assert int(cohort.offsets[-1]) == len(residues), "offsets end at the last residue"
    assert len(labels) == len(cohort), "a label for each repertoire"
    shapes = {
        "filter.0.weight": (KERNEL, RESIDUES, FILTERS),
        "filter.0.position": (3 * KERNEL, FILTERS),
        "filter.0.bias": (FILTERS,),
        "key.0.weight": (FILTERS, 32),
        "key.0.bias": (32,),
        "key.1.weight": (32, 32),
        "key.1.bias": (32,),
        "state.pattern": (1, 32),
        "state.log_beta": (1,),
        "gamma": (1,),
        "head.weight": (1, 1, FILTERS),
        "head.bias": (1,),
    }
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    assert found == shapes, f"parameters {found}, expected {shapes}"
    assert float(tensors["gamma"]) == 0.0, "the published network has no log-counts in its softmax"
    return cohort


def channels(longest):
    """Position channels by length and position: near the start, the end, the centre.

    r = |1 - 2p / (L - 1)| and 1 - r in half precision; zero at and after the end.

    Returns (longest + 1, longest, 3), float16.
    """
    length = torch.arange(longest + 1, dtype=torch.float64)[:, None]
    p = torch.arange(longest, dtype=torch.float64)[None, :]
    r = torch.where(length > 1, (1 - 2 * p / (length - 1)).abs(), 1.0).half()
    first_half = p < torch.ceil(length / 2)
    zero = torch.zeros_like(r)
    table = torch.stack([torch.where(first_half, r, zero), torch.where(first_half, zero, r), 1 - r], 2)
    return torch.where((p < length)[:, :, None], table, torch.zeros_like(table))
