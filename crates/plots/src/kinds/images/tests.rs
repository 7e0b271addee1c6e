//! Which image stands where.

use super::*;
use crate::figure::Body;
use crate::spec::Arrange;
use crate::testing::runs;

fn shots() -> Vec<Shot> {
    let mut all = Vec::new();
    for run in 0..2 {
        for probe in 0..2 {
            for (role, step) in [
                ("input", 0),
                ("target", 0),
                ("output", 100),
                ("output", 200),
                ("output", 300),
            ] {
                all.push(Shot {
                    run,
                    step,
                    role: role.into(),
                    probe,
                    caption: format!("{probe}.jpg"),
                });
            }
        }
    }
    all
}

#[test]
fn rows_are_roles_and_columns_runs() {
    let runs = runs();
    let shots = shots();
    let mut spec = FigureSpec::new(Kind::Images);
    let g = grid(&spec, &runs[..3], &shots).unwrap();
    assert_eq!(
        (g.rows.join(" "), g.columns.join(" ")),
        ("input output target".into(), "n1-seed1 n1-seed2".into())
    );
    let steps: Vec<u64> = g.cells.iter().map(|row| shots[row[1].unwrap()].step).collect();
    assert_eq!(steps, [0, 300, 0]);
    assert_eq!(
        g.notes,
        [
            "1 of 2 probes is shown (--probe names others)",
            "Without images: n1-seed3"
        ]
    );
    spec.steps = vec![50, 250];
    spec.probes = vec![1];
    let g = grid(&spec, &runs[..2], &shots).unwrap();
    assert_eq!(g.columns[1], "n1-seed1 at 200");
    assert_eq!(
        g.notes,
        ["No image is of step 50 or 250: there are 100, 200 and 300"]
    );
    assert_eq!((g.cells[1][0], shots[g.cells[1][1].unwrap()].step), (None, 200));
}

#[test]
fn a_filmstrip_goes_along_training() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.arrange = Arrange::Steps;
    let g = grid(&spec, &runs[..2], &shots()).unwrap();
    assert_eq!(g.columns, ["input", "step 100", "step 200", "step 300", "target"]);
    assert_eq!(g.rows, ["n1-seed1", "n1-seed2"]);
    spec.probes = vec![0, 1];
    let alone = grid(&spec, &runs[..1], &shots()[..10]).unwrap();
    assert_eq!(
        (alone.rows.join(", "), alone.headings.len()),
        ("probe 0, probe 1".into(), 0)
    );
    spec.probes.clear();
    let figure = figure(&spec, &runs[..2], &shots(), g, |_| {
        Ok(Content {
            data: [1_u8, 2][..].into(),
            width: 64,
            height: 64,
        })
    })
    .unwrap();
    let Body::Images(grid) = figure.body else { panic!() };
    assert_eq!(
        grid.cells[1][3].as_ref().unwrap().alt,
        "output of 0.jpg by n1-seed2 at step 300"
    );
}

#[test]
fn probes_of_one_run_stand_below_each_other() {
    let runs = runs();
    let spec = FigureSpec::new(Kind::Images);
    let g = grid(&spec, &runs[..1], &shots()[..10]).unwrap();
    assert_eq!(
        (g.columns.join(" "), g.rows.join(" ")),
        ("input output target".into(), "probe 0 probe 1".into())
    );
    let many: Vec<Shot> = (0..8)
        .flat_map(|probe| shots().into_iter().take(5).map(move |s| Shot { probe, ..s }))
        .collect();
    let g = grid(&spec, &runs[..1], &many).unwrap();
    assert_eq!(g.rows.len(), 4);
    assert_eq!(g.notes, ["4 of 8 probes are shown (--probe names others)"]);
}

#[test]
fn both_ways_of_a_cyclegan_go_from_real_to_fake_and_back() {
    let runs = runs();
    let mut shots = Vec::new();
    for run in 0..2 {
        for (role, step) in [
            ("input", 0),
            ("target", 0),
            ("output", 5),
            ("rec_A", 5),
            ("fake_A", 5),
            ("rec_B", 5),
            ("idt_A", 5),
        ] {
            shots.push(Shot {
                run,
                step,
                role: role.into(),
                probe: 0,
                caption: "a".into(),
            });
        }
    }
    let mut spec = FigureSpec::new(Kind::Images);
    let g = grid(&spec, &runs[..2], &shots).unwrap();
    assert_eq!(g.rows.join(" "), "real_A fake_B rec_A idt_A real_B fake_A rec_B");
    assert_eq!(g.headings, [(0, "A → B".to_owned()), (4, "B → A".to_owned())]);
    let alone = grid(&spec, &runs[..1], &shots[..7]).unwrap();
    let headings: Vec<&str> = alone.headings.iter().map(|(_, h)| h.as_str()).collect();
    assert_eq!(
        headings,
        [
            "A → B: real_A → fake_B → rec_A, idt_A",
            "B → A: real_B → fake_A → rec_B"
        ]
    );
    spec.arrange = Arrange::Steps;
    let film = grid(&spec, &runs[..1], &shots[..7]).unwrap();
    assert_eq!(
        (film.rows.join(" "), film.columns.join(" ")),
        ("fake_B rec_A idt_A fake_A rec_B".into(), "real step 5".into())
    );
    // What goes into the way back is the other real image; of an identity too.
    let from: Vec<&str> = film
        .cells
        .iter()
        .map(|row| shots[row[0].unwrap()].role.as_str())
        .collect();
    assert_eq!(from, ["input", "input", "target", "target", "target"]);
    spec.roles = vec!["output".into()];
    assert_eq!(grid(&spec, &runs[..1], &shots[..7]).unwrap().rows, ["fake_B"]);
}

#[test]
fn runs_of_different_models_share_the_rows_that_both_have() {
    let runs = runs();
    let mut all = shots();
    all.retain(|s| s.run == 0);
    for (role, step) in [
        ("input", 0),
        ("target", 0),
        ("output", 300),
        ("fake_A", 300),
        ("rec_A", 300),
    ] {
        all.push(Shot {
            run: 1,
            step,
            role: role.into(),
            probe: 0,
            caption: "a".into(),
        });
    }
    let mut spec = FigureSpec::new(Kind::Images);
    let g = grid(&spec, &runs[..2], &all).unwrap();
    assert_eq!(g.rows, ["input", "output", "target"]);
    assert!(g.cells.iter().flatten().all(Option::is_some));
    assert_eq!(
        g.notes[0],
        "Only some of the models make rec_A and fake_A, so left out (--role names them)"
    );
    spec.roles = vec!["output".into(), "fake_A".into()];
    assert_eq!(grid(&spec, &runs[..2], &all).unwrap().rows, ["output", "fake_A"]);
}

#[test]
fn what_is_not_there_is_named() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.roles = vec!["outptu".into()];
    let error = grid(&spec, &runs, &shots()).unwrap_err().to_string();
    assert_eq!(
        error,
        "role outptu: the runs have input, output and target (did you mean `output`?)"
    );
    spec.roles.clear();
    spec.probes = vec![7];
    assert_eq!(
        grid(&spec, &runs, &shots()).unwrap_err().to_string(),
        "probe 7: the runs have 0 and 1"
    );
    assert!(
        grid(&spec, &runs[..1], &[])
            .unwrap_err()
            .to_string()
            .contains("n1-seed1 have no images")
    );
}

#[test]
fn frames_are_spaced_evenly_with_both_ends() {
    let all: Vec<u64> = (0..=100).collect();
    assert_eq!(spaced(&all, 5), [0, 25, 50, 75, 100]);
    assert_eq!(spaced(&[3, 4], 5), [3, 4]);
    assert_eq!(spaced(&[1, 2, 3], 1), [1]);
}

#[test]
fn a_table_shows_what_all_share_once() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.arrange = Arrange::Table;
    let g = grid(&spec, &runs[..2], &shots()).unwrap();
    assert_eq!(g.columns, ["input", "n1-seed1", "n1-seed2", "target"]);
    assert_eq!(g.rows, ["", ""], "one row a probe explains itself");
    assert_eq!(
        g.caption,
        "The last images of n1-seed1 and n1-seed2: 0.jpg and 1.jpg."
    );
    let all = shots();
    let seen: Vec<(&str, usize, u64, u32)> = g.cells[1]
        .iter()
        .map(|c| &all[c.unwrap()])
        .map(|s| (s.role.as_str(), s.run, s.step, s.probe))
        .collect();
    assert_eq!(
        seen,
        [
            ("input", 0, 0, 1),
            ("output", 0, 300, 1),
            ("output", 1, 300, 1),
            ("target", 0, 0, 1)
        ]
    );
    spec.steps = vec![200];
    let g = grid(&spec, &runs[..2], &all).unwrap();
    assert_eq!(all[g.cells[0][2].unwrap()].step, 200);
    spec.steps = vec![100, 200];
    assert!(
        grid(&spec, &runs[..2], &all)
            .unwrap_err()
            .to_string()
            .contains("a table shows one step")
    );
}

#[test]
fn a_table_of_runs_of_other_images_is_refused() {
    let mut runs = runs();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.arrange = Arrange::Table;
    let mut other = shots();
    other
        .iter_mut()
        .filter(|s| s.run == 1)
        .for_each(|s| s.caption = "9.jpg".into());
    assert_eq!(
        grid(&spec, &runs[..2], &other).unwrap_err().to_string(),
        "arrange table: the runs share no input: probe 0 is 0.jpg (a-to-b) in n1-seed1 and 9.jpg (a-to-b) in n1-seed2; take runs of the \
         same images, or arrange = \"runs\""
    );
    runs[1].spec.data.direction = diptych_domain::spec::Direction::BToA;
    let error = grid(&spec, &runs[..2], &shots()).unwrap_err().to_string();
    assert!(error.contains("0.jpg (b-to-a) in n1-seed2"), "{error}");
}

#[test]
fn groups_give_images_their_names_and_their_order() {
    let mut runs = runs();
    runs.reverse();
    let all: Vec<Shot> = (0..9)
        .flat_map(|run| {
            shots()
                .into_iter()
                .filter(|s| s.run == 0)
                .map(move |s| Shot { run, ..s })
        })
        .collect();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.by = vec!["params.n_layers".into()];
    let g = grid(&spec, &runs, &all).unwrap();
    assert_eq!(g.columns, ["n_layers = 1", "n_layers = 3", "n_layers = 5"]);
    let first: Vec<&str> = g.cells[1]
        .iter()
        .map(|c| runs[all[c.unwrap()].run].name.as_str())
        .collect();
    assert_eq!(first, ["n1-seed1", "n3-seed1", "n5-seed1"]);
    assert!(
        g.notes
            .contains(&"Of each group the run of seed 1 is shown".to_owned())
    );
}
