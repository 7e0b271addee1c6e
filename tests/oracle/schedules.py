"""Write the learning rates of PyTorch's schedulers: python schedules.py OUT.json

Schedulers are made and stepped as the public reference does (models/networks.py `get_scheduler`, `update_learning_rate` at the
start of an epoch): the rate of epoch e, from 1, is the one after e steps. For plateau a value of the watched metric is seen
after each epoch, and the rate of epoch e is the one after the e - 1 values before it.
"""
import json
import sys
import warnings
import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")  # schedulers are stepped without their optimiser


def optimizer(lr):
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def scheduler(policy, opt, epochs, decay):
    if policy == "linear":
        return lr_scheduler.LambdaLR(opt, lambda k: 1.0 - max(0, k + 1 - epochs) / float(decay + 1))
    if policy == "step":
        return lr_scheduler.StepLR(opt, step_size=50, gamma=0.1)
    if policy == "cosine":
        return lr_scheduler.CosineAnnealingLR(opt, T_max=epochs, eta_min=0)
    return lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.2, threshold=0.01, patience=5)


def by_epoch(policy, lr, epochs, decay):
    opt = optimizer(lr)
    sched = scheduler(policy, opt, epochs, decay)
    rates = []
    for _ in range(epochs + decay):
        sched.step()
        rates.append(opt.param_groups[0]["lr"])
    return dict(policy=policy, lr=lr, epochs=epochs, decay_epochs=decay, rates=rates)


def by_metric(lr, values):
    opt = optimizer(lr)
    sched = scheduler("plateau", opt, 0, 0)
    rates = [lr]
    for value in values:
        sched.step(float(value))
        rates.append(opt.param_groups[0]["lr"])
    return dict(policy="plateau", lr=lr, epochs=len(values) + 1, decay_epochs=0, metric=values, rates=rates)


if __name__ == "__main__":
    cases = [by_epoch(policy, *settings)
             for policy in ("linear", "step", "cosine")
             for settings in ((2e-4, 100, 100), (2e-4, 15, 0), (1e-3, 1, 0), (2e-4, 1, 7), (5e-5, 3, 2), (2e-4, 130, 41))]
    cases += [by_epoch("linear", 2e-4, 0, 9), by_epoch("step", 1e-2, 0, 151)]
    falling = [0.5 * 0.97 ** i for i in range(20)]
    torch.manual_seed(0)
    noisy = [round(float(v), 6) for v in 0.3 + 0.1 * torch.rand(80)]
    cases += [
        by_metric(2e-4, [0.5] * 60),                      # until a drop is too small to be made
        by_metric(1e-2, [0.0] * 30),                      # what the reference leaves the metric at
        by_metric(2e-4, falling + [falling[-1]] * 20),
        by_metric(2e-4, [0.5, 0.496, 0.492, 0.488, 0.484, 0.480, 0.476, 0.472, 0.47, 0.47, 0.47, 0.47, 0.47, 0.47]),
        by_metric(3e-4, noisy),
        by_metric(2e-4, [0.5, "nan", "nan", "nan", "nan", "nan", "nan", 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    ]
    with open(sys.argv[1], "w") as f:
        lines = ",\n".join(json.dumps(c) for c in cases)
        f.write(f"[\n{lines}\n]\n")
