# Recipes shorten commands; nothing needs them. `just --list` shows all.

diptych := "cargo run --quiet --release --"

# The size of the ablations: small, for a CPU, or paper (`just SIZE=paper pix2pix-losses ROOT`).
SIZE := "small"
pix2pix_small := "--set data.load_size=143 --set data.crop_size=128 --set params.ngf=16 --set params.ndf=16 --set optim.epochs=20 --set optim.decay_epochs=20"
unet_small := "--set params.generator=unet_128"
skips_small := "--set 'params.generator=[\"encoder_decoder\", \"unet_128\"]'"
cyclegan_small := "--set data.load_size=72 --set data.crop_size=64 --set params.ngf=8 --set params.ndf=8 --set optim.epochs=20 --set optim.decay_epochs=20"
resnet_small := "--set params.generator=resnet_6blocks"
family_small := "--set 'params.generator=[\"resnet_6blocks\", \"resnet_9blocks\", \"unet_64\"]'"
pix2pix_size := if SIZE == "paper" { "" } else if SIZE == "small" { pix2pix_small } else { error("SIZE is small or paper") }
unet_size := if SIZE == "small" { unet_small } else { "" }
skips_size := if SIZE == "small" { skips_small } else { "" }
cyclegan_size := if SIZE == "paper" { "" } else if SIZE == "small" { cyclegan_small } else { error("SIZE is small or paper") }
resnet_size := if SIZE == "small" { resnet_small } else { "" }
family_size := if SIZE == "small" { family_small } else { "" }

# Show the recipes.
default:
    @just --list

# Train on synthetic pairs for about a minute and show what was learnt.
demo:
    {{diptych}} demo

# Everything that CI checks.
ci:
    .ci/run

# All tests.
test:
    cargo test --workspace

# Parity with PyTorch, from golden files in DIR.
golden DIR="tests/golden":
    DIPTYCH_GOLDEN={{absolute_path(DIR)}} cargo test --release --workspace golden

# Write fresh golden files with another seed into DIR (needs Python with torch and safetensors).
golden-write DIR SEED="1":
    mkdir -p {{DIR}}
    cd tests/oracle && python3 golden.py {{absolute_path(DIR)}} {{SEED}}

# The papers' facades experiment: 256 px, 200 epochs (meant for a GPU). ROOT holds train/ and val/.
facades ROOT *ARGS:
    {{diptych}} train experiments/facades.toml --set data.root={{ROOT}} {{ARGS}}

# Facades at 128 px with a narrow network, for a CPU.
facades-small ROOT *ARGS:
    {{diptych}} train experiments/facades-small.toml --set data.root={{ROOT}} {{ARGS}}

# CycleGAN at 64 px with narrow networks, for a CPU. ROOT holds trainA/, trainB/, testA/ and testB/.
cyclegan-small ROOT *ARGS:
    {{diptych}} train experiments/cyclegan-small.toml --set data.root={{ROOT}} {{ARGS}}

# pix2pix: L1, GAN, cGAN, L1+GAN, L1+cGAN. ROOT as for facades; add --dry-run, --jobs 2, --set 'seed=[1]' and so on.
[positional-arguments]
pix2pix-losses ROOT *ARGS:
    {{diptych}} sweep experiments/pix2pix-losses.toml --name pix2pix-losses-{{SIZE}} {{pix2pix_size}} {{unet_size}} --set data.root="$@"

# pix2pix: the U-Net against the same network without skips, under L1 and under L1+cGAN.
[positional-arguments]
pix2pix-generator ROOT *ARGS:
    {{diptych}} sweep experiments/pix2pix-generator.toml --name pix2pix-generator-{{SIZE}} {{pix2pix_size}} {{skips_size}} --set data.root="$@"

# pix2pix: discriminators that judge patches of 1, 16, 34, 70, 142 and 286 pixels.
[positional-arguments]
pix2pix-patchgan ROOT *ARGS:
    {{diptych}} sweep experiments/pix2pix-patchgan.toml --name pix2pix-patchgan-{{SIZE}} {{pix2pix_size}} {{unet_size}} --set data.root="$@"

# pix2pix: weights of L1 from 1 to 1000.
[positional-arguments]
pix2pix-lambda ROOT *ARGS:
    {{diptych}} sweep experiments/pix2pix-lambda.toml --name pix2pix-lambda-{{SIZE}} {{pix2pix_size}} {{unet_size}} --set data.root="$@"

# CycleGAN: cycle consistency alone, the GAN loss alone, with one cycle, with both. ROOT as for cyclegan-small.
[positional-arguments]
cyclegan-losses ROOT *ARGS:
    {{diptych}} sweep experiments/cyclegan-losses.toml --name cyclegan-losses-{{SIZE}} {{cyclegan_size}} {{resnet_size}} --set data.root="$@"

# CycleGAN: weights of the identity loss from 0 to 1. ROOT as for cyclegan-small.
[positional-arguments]
cyclegan-identity ROOT *ARGS:
    {{diptych}} sweep experiments/cyclegan-identity.toml --name cyclegan-identity-{{SIZE}} {{cyclegan_size}} {{resnet_size}} --set data.root="$@"

# CycleGAN: residual generators of two depths, and the U-Net.
[positional-arguments]
cyclegan-generator ROOT *ARGS:
    {{diptych}} sweep experiments/cyclegan-generator.toml --name cyclegan-generator-{{SIZE}} {{cyclegan_size}} {{family_size}} --set data.root="$@"

# A study's report as one page, reports/STUDY.html; add --home DIR and so on.
[positional-arguments]
report STUDY *ARGS:
    mkdir -p reports
    shift; {{diptych}} report experiments/reports/{{STUDY}}.toml --query sweep:{{STUDY}}-{{SIZE}} -o reports/{{STUDY}}.html "$@"

# All figures of a study, as SVG, PDF, PNG, CSV and LaTeX in reports/STUDY-figures.
[positional-arguments]
figures STUDY *ARGS:
    shift; {{diptych}} report experiments/reports/{{STUDY}}.toml --query sweep:{{STUDY}}-{{SIZE}} --figures reports/{{STUDY}}-figures "$@"

# Reports in headless Chromium: console, slider, wipe, print (needs chromium).
check-report *FILES:
    for file in {{FILES}}; do scripts/check-report "$file"; done

# A LaTeX document with a figure and a table compiles (needs pdflatex with pgfplots).
check-latex:
    scripts/check-latex

# What CycleGAN cannot do: colours change, outlines hardly, and ground that it never saw breaks it (docs/limits.md).
limits-shapes DIR="limits" *ARGS:
    {{diptych}} data synth shapes -o {{DIR}}/shapes --size 32 --train 100 --val 40
    {{diptych}} --home {{DIR}}/home train experiments/limits-shapes.toml --set data.root={{DIR}}/shapes --name shapes {{ARGS}}
    {{just_executable()}} diptych={{quote(diptych)}} limits-table {{DIR}}

# The table of docs/limits.md from what `limits-shapes` has trained in DIR.
limits-table DIR="limits":
    {{diptych}} --home {{DIR}}/home translate shapes {{DIR}}/shapes/valA -o {{DIR}}/there > {{DIR}}/there.txt
    {{diptych}} --home {{DIR}}/home translate shapes {{DIR}}/shapes/valB -o {{DIR}}/back --back > {{DIR}}/back.txt
    {{diptych}} --home {{DIR}}/home translate shapes {{DIR}}/shapes/unseenA -o {{DIR}}/unseen > {{DIR}}/unseen.txt
    {{diptych}} data outlines {{DIR}}/shapes/valA {{DIR}}/there {{DIR}}/shapes/valB {{DIR}}/shapes/unseenA {{DIR}}/unseen --towards 41,98,210
    {{diptych}} data outlines {{DIR}}/shapes/valB {{DIR}}/back {{DIR}}/shapes/valA --towards 230,126,34

# The convolutions of pix2pix and CycleGAN at 256 px, layer by layer and pass by pass; FILTER is a regular expression.
bench FILTER="":
    cargo bench -p diptych-imgops --bench layers -- '{{FILTER}}'

# Seconds per training step.
bench-step *ARGS:
    {{diptych}} bench {{ARGS}}

# How step time and memory grow with size, batch, width and threads.
bench-growth:
    scripts/bench-growth

# The kernels' tests on every instruction set that this machine has.
test-simd:
    scripts/test-simd

# The store's figures: writing, reading, listing.
bench-store:
    cargo bench -p diptych-store

# Lints of the CUDA code; needs no GPU and no toolkit.
cuda-lint:
    cargo clippy --workspace --all-targets --features cuda -- -D warnings

# The CUDA backend's tests on an emulated GPU (needs a C++17 compiler; --quick for the operations alone).
cuda-test *ARGS:
    scripts/test-cuda {{ARGS}}

# The binary and the tests for a GPU machine without cargo, into FOLDER; there, FOLDER/cuda-check OUT checks and measures.
cuda-build FOLDER:
    scripts/cuda-build {{FOLDER}}

# Regenerate the committed SQL metadata after changing a query or a migration.
prepare-sql:
    scripts/prepare-sql

# Diptych and PyTorch in turn, as ratios (needs Python with torch: PYTHON).
bench-peers PYTHON="python3" *ARGS:
    scripts/bench-peers --python {{PYTHON}} {{ARGS}}

# Kill a training COUNT times at random moments and check that nothing is lost.
kills COUNT="50":
    DIPTYCH_KILLS={{COUNT}} cargo test --release -p diptych --test e2e kill -- --nocapture
