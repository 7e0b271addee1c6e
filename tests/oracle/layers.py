"""Time PyTorch's convolutions for the layers of crates/imgops/benches/layers.rs: forward, input gradient, weight gradient.

python layers.py [--threads N] [--reps 7]
Prints a line a layer: name and the fastest milliseconds of each pass, the better of default and channels-last.
"""
import argparse
import re
import pathlib
import time
import torch

p = argparse.ArgumentParser()
p.add_argument("--threads", type=int)
p.add_argument("--reps", type=int, default=7)
o = p.parse_args()
if o.threads:
    torch.set_num_threads(o.threads)
source = pathlib.Path(__file__).resolve().parents[2] / "crates/imgops/benches/layers.rs"
LAYER = re.compile(r'layer\("([^"]+)", (true|false), \[([\d, ]+)\]\)')


def fastest(work):
    work()
    times = []
    for _ in range(o.reps):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


for name, transposed, extents in LAYER.findall(source.read_text()):
    transposed = transposed == "true"
    c, side, out, k, stride, padding = map(int, extents.split(","))
    best = [float("inf")] * 3
    for memory in (torch.contiguous_format, torch.channels_last):
        x = torch.rand(1, c, side, side).to(memory_format=memory)
        w = torch.rand((c, out, k, k) if transposed else (out, c, k, k)).to(memory_format=memory)
        rest = (None, [stride] * 2, [padding] * 2, [1, 1], transposed, [k % 2 if transposed else 0] * 2, 1)
        y = torch.ops.aten.convolution(x, w, *rest)
        g = torch.rand_like(y)

        def backward(mask):
            return lambda: torch.ops.aten.convolution_backward(g, x, w, [0], *rest[1:], mask)

        with torch.no_grad():
            passes = [lambda: torch.ops.aten.convolution(x, w, *rest), backward([True, False, False]), backward([False, True, False])]
            best = [min(b, fastest(f)) for b, f in zip(best, passes)]
    print(f"{name:<24}" + "".join(f" {b:>9.3f}" for b in best), flush=True)
