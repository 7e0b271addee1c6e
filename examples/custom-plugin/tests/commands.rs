//! The binary from the outside: a model of one's own gets the commands, the store and the checks for free.

use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Exit code, standard output and standard error of `custom-plugin ARGS...`; arguments are split at spaces.
fn run(dir: &Path, args: &str) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_custom-plugin"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("DIPTYCH_HOME", dir.join("home"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        done.status.code().unwrap_or(-1),
        text(done.stdout),
        text(done.stderr),
    )
}

fn ok(dir: &Path, args: &str) -> String {
    let (code, out, err) = run(dir, args);
    assert_eq!(code, 0, "{args}\n{out}{err}");
    out
}

#[test]
fn a_model_of_ones_own_gets_every_command() {
    let dir = folder();
    let experiment = include_str!("../sharp.toml");
    std::fs::write(dir.join("sharp.toml"), experiment).unwrap();
    assert!(ok(&dir, "models").contains("sharp"));
    assert!(ok(&dir, "models sharp").contains("lambda_edges"));
    ok(&dir, "data synth facades --train 6 --val 2 --size 40 -o set");
    let tiny = "--set data.root=set --set data.load_size=36 --set data.crop_size=32 --set params.ngf=4 --set optim.epochs=1 \
                --set optim.decay_epochs=1 --set log.images_every=6";
    ok(&dir, &format!("train sharp.toml {tiny} --name one"));
    let runs = ok(&dir, "runs params.lambda_edges=2 --json");
    for word in ["\"one\"", "finished", "loss/edges", "loss/L1", "eval/psnr"] {
        assert!(runs.contains(word), "{word} in {runs}");
    }
    ok(&dir, "evaluate one");
    ok(&dir, "translate one set/val -o out");
    assert_eq!(std::fs::read_dir(dir.join("out")).unwrap().count(), 2);
    ok(&dir, "weights export one -o weights");
    assert!(dir.join("weights/latest_net_G.safetensors").exists());

    // Mistakes are found as in the models that come with Diptych.
    let (code, _, err) = run(&dir, "train sharp.toml --set params.lambda_edge=2");
    assert!(code == 2 && err.contains("did you mean `lambda_edges`?"), "{err}");
    let (code, _, err) = run(
        &dir,
        "train sharp.toml --set data.crop_size=40 --set data.root=set",
    );
    assert!(code == 2 && err.contains("need a multiple of 32"), "{err}");
}
