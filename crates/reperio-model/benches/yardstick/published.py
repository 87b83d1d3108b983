"""The published composition: one-hot input, convolution, maximum, attention, 10 % reduction.

Widrich et al., NeurIPS 2020, https://arxiv.org/abs/2007.13505. A whole repertoire at a time, eager.
"""

import torch
from torch import nn
from torch.nn import functional as F

from cohort import FILTERS, KERNEL, PAD, RESIDUES, channels


class Network(nn.Module):
    """Convolution with SELU, maximum over all windows, attention network, linear head."""

    def __init__(self, parameters):
        super().__init__()
        self.filter = nn.Conv1d(RESIDUES + 3, FILTERS, KERNEL)
        self.key_0 = nn.Linear(FILTERS, 32)
        self.key_1 = nn.Linear(32, 32)
        self.query = nn.Linear(32, 1, bias=False)
        self.head = nn.Linear(FILTERS, 1)
        self.beta = float(parameters["state.log_beta"].exp())
        with torch.no_grad():
            residues = parameters["filter.0.weight"].permute(2, 1, 0)  # (C, 20, K)
            position = parameters["filter.0.position"].view(KERNEL, 3, FILTERS).permute(2, 1, 0)
            self.filter.weight.copy_(torch.cat([residues, position], 1))
            self.filter.bias.copy_(parameters["filter.0.bias"])
            for layer, name in [(self.key_0, "key.0"), (self.key_1, "key.1")]:
                layer.weight.copy_(parameters[f"{name}.weight"].T)
                layer.bias.copy_(parameters[f"{name}.bias"])
            self.query.weight.copy_(parameters["state.pattern"] * self.beta)
            self.head.weight.copy_(parameters["head.weight"].view(1, FILTERS))
            self.head.bias.copy_(parameters["head.bias"])

    def gradients(self):
        """Gradients under the names and in the shapes of the input file."""
        filters = self.filter.weight.grad.permute(2, 1, 0)  # (K, 23, C)
        return {
            "filter.0.weight": filters[:, :RESIDUES],
            "filter.0.position": filters[:, RESIDUES:].reshape(3 * KERNEL, FILTERS),
            "filter.0.bias": self.filter.bias.grad,
            "key.0.weight": self.key_0.weight.grad.T,
            "key.0.bias": self.key_0.bias.grad,
            "key.1.weight": self.key_1.weight.grad.T,
            "key.1.bias": self.key_1.bias.grad,
            "state.pattern": self.query.weight.grad * self.beta,
            "head.weight": self.head.weight.grad.view(1, 1, FILTERS),
            "head.bias": self.head.bias.grad,
        }

    def forward(self, x):
        """Embeddings (n, C) and attention before the softmax (n,) of input (n, L, 23)."""
        e = F.selu(self.filter(x.transpose(1, 2))).amax(2)  # (n, C)
        key = F.selu(self.key_1(F.selu(self.key_0(e))))  # (n, 32)
        return e, self.query(key).squeeze(1)

    def logit(self, e, attention):
        weight = torch.softmax(attention, 0)[:, None]  # (n, 1)
        # Not a product of matrices, whose float32 sums over many sequences lose two digits.
        return self.head((weight * e).sum(0)).squeeze(0)


class Published:
    """The tasks over the repertoires of `cohort` on `device`."""

    def __init__(self, cohort, together, device):
        self.bags = [bag.to(device) for bag in cohort.bags(together)]
        self.labels = cohort.labels.to(device)
        self.network = Network(cohort.parameters).to(device)
        self.one_hot = torch.eye(PAD + 1, RESIDUES, device=device)  # the row of PAD is zero
        longest = max(bag.codes.shape[1] for bag in self.bags)
        self.channels = channels(longest).to(device)
        self.start = [p.detach().clone() for p in self.network.parameters()]
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4, eps=1e-4)

    def restore(self):
        """Sets the parameters back, so that every repeat computes the same."""
        with torch.no_grad():
            for parameter, value in zip(self.network.parameters(), self.start):
                parameter.copy_(value)

    def input(self, bag):
        """Input of a repertoire (n, L, 23), divided by its own standard deviation."""
        residues = self.one_hot[bag.codes.int()]  # (n, L, 20)
        padded = bag.codes.shape[1]
        position = self.channels[bag.lengths, :padded].float()  # (n, L, 3)
        x = torch.cat([residues, position], 2)
        return x / x.std()

    def score(self, top_fraction=1.0):
        """Logit of each repertoire."""
        logits = []
        with torch.inference_mode():
            for bag in self.bags:
                e, attention = self.network(self.input(bag))
                if top_fraction < 1.0:
                    kept = best_attended(attention, top_fraction)
                    e, attention = e[kept], attention[kept]
                logits.append(self.network.logit(e, attention))
        return torch.stack(logits)

    def update(self, top_fraction=1.0):
        """One step of Adam on the whole minibatch: logits, loss, gradients."""
        inputs = []
        with torch.no_grad():
            for bag in self.bags:
                x = self.input(bag)
                if top_fraction < 1.0:
                    x = x[best_attended(self.network(x)[1], top_fraction)]
                inputs.append(x)
        e, attention = self.network(torch.cat(inputs))
        sizes = [len(x) for x in inputs]
        pairs = zip(e.split(sizes), attention.split(sizes))
        logits = torch.stack([self.network.logit(*pair) for pair in pairs])
        loss = F.binary_cross_entropy_with_logits(logits, self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return logits.detach(), loss.detach(), self.network.gradients()


def best_attended(attention, fraction):
    """The share of the sequences with the highest attention, rounded down but at least one."""
    return attention.topk(max(1, int(len(attention) * fraction)), sorted=False).indices
