"""The same network as an expert would write it for speed in PyTorch today.

A convolution over one-hot input is a sum of table rows, and position channels fold into a table over
length and window: `torch.compile` fuses gathers, sums and maximum, so no input and no feature map is
ever stored. SELU comes after the maximum. Sequences are sorted by length, so a chunk has few windows
that lie in the padding (all of which are equal: one is enough). Chunks are pooled online. The
gradient is written out; the maximum's is a scatter at the winning window.
"""

import ctypes
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from cohort import FILTERS, KERNEL, PAD, RESIDUES, channels

SELU_SCALE = 1.0507009873554805
SELU_FLOOR = SELU_SCALE * 1.6732632423543772  # below zero SELU' is SELU + this

CHUNK = {"cpu": 2048, "cuda": 1 << 18}
"""Sequences of a chunk, on a CPU for each thread: its arrays stay in the second-level cache."""

NAMES = ["filter.0.weight", "filter.0.position", "filter.0.bias", "key.0.weight", "key.0.bias"]
NAMES += ["key.1.weight", "key.1.bias", "state.pattern", "head.weight", "head.bias"]


def dynamic(tensor, *dimensions):
    """Says which sizes vary from chunk to chunk; all others are compiled in."""
    for dimension in dimensions:
        torch._dynamo.maybe_mark_dynamic(tensor, dimension)
    return tensor


def scan(codes, lengths, table, start):
    """Responses (n, P, C) of windows of codes (n, P + K - 1)."""
    windows = codes.shape[1] - KERNEL + 1
    x = codes.int()
    response = start[lengths][:, :windows]
    for t in range(KERNEL):
        response = response + table[t][x[:, t : t + windows]]
    return response


def selu(x):
    """With exp(x) - 1, which is faster than expm1 and as good for values of order 1."""
    return torch.where(x > 0, SELU_SCALE * x, SELU_FLOOR * torch.exp(x) - SELU_FLOOR)


def attend(m, scale, bias, w0, b0, w1, b1, query):
    """Embeddings, both key layers and scores of maxima m (n, C)."""
    e = selu(m * scale + bias)
    h0 = selu(torch.addmm(b0, e, w0))
    h1 = selu(torch.addmm(b1, h0, w1))
    return e, h0, h1, (h1 * query).sum(1)


def pool(e, scores):
    """Largest score, sum of exponentials and weighted sum of embeddings of a chunk."""
    top = scores.amax()
    weight = torch.exp(scores - top)
    return top, weight.sum(), (weight[:, None] * e).sum(0)


@torch.compile
def score_chunk(codes, lengths, table, start, scale, dense):
    m = scan(codes, lengths, table, start).amax(1)
    e, _, _, scores = attend(m, scale, *dense)
    return pool(e, scores), scores, e


@torch.compile
def rank_chunk(codes, lengths, table, start, scale, dense):
    m = scan(codes, lengths, table, start).amax(1)
    return attend(m, scale, *dense)[3]


@torch.compile
def pool_chunk(codes, lengths, table, start, scale, dense):
    m = scan(codes, lengths, table, start).amax(1)
    e, _, _, scores = attend(m, scale, *dense)
    return pool(e, scores)


@torch.compile
def forward_chunk(codes, lengths, table, start, scale, dense):
    m, window = scan(codes, lengths, table, start).max(1)
    e, _, _, scores = attend(m, scale, *dense)
    return pool(e, scores), m, window.to(torch.uint8)


def selu_slope(y):
    """SELU' where SELU is y."""
    return torch.where(y > 0, SELU_SCALE, y + SELU_FLOOR)


@torch.compile
def backward_chunk(m, window, codes, lengths, scale, dense, pooled, dz, rows):
    """Gradients of the dense parameters, and what is scattered where into the tables."""
    bias, w0, b0, w1, b1, query = dense
    e, h0, h1, scores = attend(m, scale, *dense)
    top, total, z = pooled
    attention = torch.exp(scores - top) / total  # (n,)
    dscore = attention * ((e * dz).sum(1) - (z * dz).sum())
    da1 = dscore[:, None] * query * selu_slope(h1)
    da0 = torch.mm(da1, w1.T) * selu_slope(h0)
    de = attention[:, None] * dz + torch.mm(da0, w0.T)
    da = de * selu_slope(e)
    dense_gradients = [
        da.sum(0),
        torch.mm(e.T, da0),
        da0.sum(0),
        torch.mm(h0.T, da1),
        da1.sum(0),
        torch.mv(h1.T, dscore),
    ]
    x = codes.int()
    window = window.int()
    channel = torch.arange(FILTERS, device=m.device, dtype=torch.int32)
    taps = [x.gather(1, window + t) * FILTERS + channel for t in range(KERNEL)]
    taps.append((lengths.int()[:, None] * rows + window) * FILTERS + channel)
    return dense_gradients, da * scale, torch.stack(taps).long()  # (K + 1, n, C)


@dataclass
class SortedBag:
    """A repertoire sorted by length; code PAD follows a sequence's end."""

    codes: torch.Tensor  # (n, L), uint8
    lengths: torch.Tensor  # (n,), int64, ascending
    scale: torch.Tensor  # (), one over the input's standard deviation

    def chunks(self, size):
        """Codes and lengths chunk by chunk, cut to the windows that can differ."""
        for first in range(0, len(self.lengths), size):
            lengths = self.lengths[first : first + size]
            width = min(int(lengths[-1]) + KERNEL, self.codes.shape[1])
            yield dynamic(self.codes[first : first + size, :width], 0, 1), dynamic(lengths, 0)

    def keep(self, kept):
        return SortedBag(self.codes[kept], self.lengths[kept], self.scale)


class Best:
    """The tasks over the repertoires of `cohort` on `device`."""

    def __init__(self, cohort, together, device):
        bags = cohort.bags(together)
        padded = max(bag.codes.shape[1] for bag in bags)
        table = channels(padded)
        sums = table.double().sum((1, 2)), table.double().square().sum((1, 2))
        self.bags = [sort(bag, *sums, device) for bag in bags]
        taps = F.pad(table.float(), (0, 0, 0, KERNEL)).unfold(1, KERNEL, 1)  # (.., .., 3, K)
        self.basis = taps[:, : padded - KERNEL + 1].transpose(2, 3).flatten(2).to(device)
        self.labels = cohort.labels.to(device)
        self.beta = float(cohort.parameters["state.log_beta"].exp())
        self.parameters = [cohort.parameters[name].to(device).clone() for name in NAMES]
        self.parameters[NAMES.index("state.pattern")] *= self.beta
        self.start = [parameter.clone() for parameter in self.parameters]
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-4, eps=1e-4, fused=True)
        self.chunk = CHUNK["cuda"]
        if torch.device(device).type == "cpu":
            self.chunk = CHUNK["cpu"] * torch.get_num_threads()
            keep_freed_memory()

    def restore(self):
        """Sets the parameters back, so that every repeat computes the same."""
        for parameter, value in zip(self.parameters, self.start):
            parameter.copy_(value)

    def tables(self):
        """Rows by tap and residue (K, 21, C), and by length and window (L + 1, P, C)."""
        weight, position = self.parameters[:2]
        return F.pad(weight, (0, 0, 0, 1)), self.basis @ position

    def dense(self):
        return [parameter.flatten() if "pattern" in name else parameter
                for name, parameter in zip(NAMES, self.parameters)][2:8]

    def rank(self, bag, tables):
        scores = [rank_chunk(*chunk, *tables, bag.scale, self.dense())
                  for chunk in bag.chunks(self.chunk)]
        return torch.cat(scores)

    def logit(self, z):
        weight, bias = self.parameters[-2:]
        return z @ weight.flatten() + bias[0]

    @torch.inference_mode()
    def score(self, top_fraction=1.0):
        """Logit of each repertoire."""
        tables, logits = self.tables(), []
        for bag in self.bags:
            if top_fraction < 1.0:
                z = self.pool_best(bag, tables, top_fraction)
            else:
                parts = [pool_chunk(*chunk, *tables, bag.scale, self.dense())
                         for chunk in bag.chunks(self.chunk)]
                z = merge(parts)[2]
            logits.append(self.logit(z))
        return torch.stack(logits)

    def pool_best(self, bag, tables, top_fraction):
        """Pools the best-attended sequences alone, each embedded once."""
        parts = [score_chunk(*chunk, *tables, bag.scale, self.dense())
                 for chunk in bag.chunks(self.chunk)]
        scores, e = (torch.cat([part[i] for part in parts]) for i in (1, 2))
        kept = best_attended(scores, top_fraction)
        return (torch.softmax(scores[kept], 0)[:, None] * e[kept]).sum(0)

    @torch.no_grad()
    def update(self, top_fraction=1.0):
        """One step of Adam on the whole minibatch: logits, loss, gradients."""
        tables = self.tables()
        bags = self.bags
        if top_fraction < 1.0:
            kept = [best_attended(self.rank(bag, tables), top_fraction) for bag in bags]
            bags = [bag.keep(kept.sort().values) for bag, kept in zip(bags, kept)]
        saved, pooled = [], []
        for bag in bags:
            chunks = list(bag.chunks(self.chunk))
            outs = [forward_chunk(*chunk, *tables, bag.scale, self.dense()) for chunk in chunks]
            saved.append([(dynamic(m, 0), dynamic(window, 0), *chunk)
                          for (_, m, window), chunk in zip(outs, chunks)])
            pooled.append(merge([part for part, _, _ in outs]))
        z = torch.stack([z for _, _, z in pooled])  # (B, C)
        logits = self.logit(z)
        loss = F.binary_cross_entropy_with_logits(logits, self.labels)
        dlogit = (torch.sigmoid(logits) - self.labels) / len(bags)  # (B,)
        gradients = self.backward(bags, saved, pooled, dlogit)
        gradients += [(dlogit @ z).view(1, 1, FILTERS), dlogit.sum(0, keepdim=True)]
        for parameter, gradient in zip(self.parameters, gradients):
            # With the strides of its parameter: a GPU's fused Adam takes no others.
            parameter.grad = torch.empty_like(parameter).copy_(gradient.view_as(parameter))
        self.optimizer.step()
        named = {name: p.grad for name, p in zip(NAMES, self.parameters)}
        named["state.pattern"] = named["state.pattern"] * self.beta
        return logits, loss, named

    def backward(self, bags, saved, pooled, dlogit):
        """Gradients of everything below the head, in the order of NAMES."""
        lengths, windows, _ = self.basis.shape
        rows = max((PAD + 1), lengths * windows) * FILTERS
        tables = torch.zeros(KERNEL + 1, rows, device=dlogit.device)  # one row a tap, one for start
        dense = [torch.zeros_like(parameter) for parameter in self.dense()]
        weight = self.parameters[-2].flatten()
        for b, bag in enumerate(bags):
            dz = dlogit[b] * weight
            for chunk in saved[b]:
                parts, dm, index = backward_chunk(
                    *chunk, bag.scale, self.dense(), pooled[b], dz, windows
                )
                torch._foreach_add_(dense, parts)
                source = dm.view(1, -1).expand(KERNEL + 1, -1)
                tables.scatter_add_(1, index.view(KERNEL + 1, -1), source)
        table = tables[:KERNEL, : RESIDUES * FILTERS].reshape(KERNEL, RESIDUES, FILTERS)
        start = tables[KERNEL, : lengths * windows * FILTERS].view(-1, FILTERS)
        return [table, self.basis.flatten(0, 1).T @ start, *dense]


def merge(parts):
    """Pools of chunks (top, sum, weighted sum) as one, the last divided by the sum."""
    top, total, z = (torch.stack(column) for column in zip(*parts))
    highest = top.amax()
    factor = torch.exp(top - highest)
    total = (factor * total).sum()
    return highest, total, (factor @ z) / total


def keep_freed_memory():
    """Lets glibc reuse buffers instead of asking the system for new pages on every call."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
    except (AttributeError, OSError):
        pass


def sort(bag, sums, squares, device):
    """Sorts by length; the deviation of the one-hot input follows from the lengths alone."""
    lengths, order = bag.lengths.sort(stable=True)
    n = bag.codes.numel() * (RESIDUES + 3)
    total = (lengths + sums[lengths]).sum()
    sd = ((lengths + squares[lengths]).sum() - total**2 / n).div(n - 1).sqrt()
    codes = bag.codes[order].to(device)
    return SortedBag(codes, lengths.to(device), (1 / sd).float().to(device))


def best_attended(scores, fraction):
    """The share of the sequences with the highest score, rounded down but at least one."""
    return scores.topk(max(1, int(len(scores) * fraction)), sorted=False).indices
