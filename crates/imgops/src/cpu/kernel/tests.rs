use super::*;

fn value(i: usize) -> f32 {
    ((i * 37 + 11) % 17) as f32 - 8.0
}

#[test]
fn products_are_sums_over_their_runs_for_any_number_of_rows() {
    for rows in [1, 2, 3, 5, 6, 11, 13, 27] {
        for valid in [16, 12, 1] {
            let data: Vec<f32> = (0..rows * 40).map(value).collect();
            let base: Vec<usize> = (0..rows).map(|r| r * 40 + r % 3).collect();
            let panel: Vec<f32> = (0..20 * LANES).map(|i| value(i * 5)).collect();
            let runs = [
                Run {
                    at: 1,
                    panel: 3,
                    len: 7,
                },
                Run {
                    at: 20,
                    panel: 11,
                    len: 9,
                },
            ];
            let want = |r: usize, j: usize| -> f32 {
                let term =
                    |run: &Run, k: usize| data[base[r] + run.at + k] * panel[(run.panel + k) * LANES + j];
                runs.iter()
                    .map(|run| (0..run.len).map(|k| term(run, k)).sum::<f32>())
                    .sum()
            };
            let to: Vec<usize> = (0..rows).map(|r| r * 18).collect();
            let mut out = vec![1.0; rows * 18 + 2];
            for times in [1.0, 2.0] {
                let target = Target {
                    data: &mut out,
                    base: &to,
                    at: 2,
                    valid,
                };
                let source = Source {
                    data: &data,
                    base: &base,
                };
                let ahead = Ahead {
                    panels: [&panel, &[]],
                    rows: times > 1.0,
                };
                multiply(target, source, &runs, Panels::one(&panel), ahead, times > 1.0);
                for r in 0..rows {
                    for j in 0..16 {
                        let got = out[r * 18 + 2 + j];
                        assert_eq!(got, if j < valid { times * want(r, j) } else { 1.0 });
                    }
                }
            }
        }
    }
}

#[test]
fn a_pair_of_panels_is_multiplied_as_each_by_itself() {
    let run = |at: usize, panel: usize, len: usize| Run { at, panel, len };
    let runs = [run(1, 3, 7), run(20, 11, 9)];
    let panels = [5, 7].map(|step| (0..20 * LANES).map(|i| value(i * step)).collect::<Vec<_>>());
    for rows in [1, 2, 3, 5, 6, 11, 13, 27] {
        for valid in [16, 12] {
            let data: Vec<f32> = (0..rows * 40).map(value).collect();
            let base: Vec<usize> = (0..rows).map(|r| r * 40 + r % 3).collect();
            let to: Vec<usize> = (0..rows).map(|r| r * 40).collect();
            let (mut single, mut both) = (vec![1.0; rows * 40], vec![1.0; rows * 40]);
            for accumulate in [false, true] {
                let add = |out: &mut [f32], at: usize, panels: Panels<'_>| {
                    let (data, base) = (&data[..], &base[..]);
                    let target = Target {
                        data: out,
                        base: &to,
                        at,
                        valid,
                    };
                    let ahead = Ahead {
                        panels: [&panels.first[..64], &panels.first[64..]],
                        rows: true,
                    };
                    multiply(target, Source { data, base }, &runs, panels, ahead, accumulate);
                };
                add(&mut single, 2, Panels::one(&panels[0]));
                add(&mut single, 21, Panels::one(&panels[1]));
                add(&mut both, 2, Panels::pair(&panels[0], Some(&panels[1]), 19));
                assert_eq!(single, both);
            }
        }
    }
}

#[test]
fn overlapping_target_rows_all_arrive() {
    let (data, panel) = (vec![1.0; 8], vec![1.0; LANES]);
    let base: Vec<usize> = (0..8).collect();
    let mut out = vec![0.0; 8 + LANES];
    let target = Target {
        data: &mut out,
        base: &base,
        at: 0,
        valid: 4,
    };
    let runs = [Run {
        at: 0,
        panel: 0,
        len: 1,
    }];
    multiply(
        target,
        Source {
            data: &data,
            base: &base,
        },
        &runs,
        Panels::one(&panel),
        Ahead::default(),
        true,
    );
    assert_eq!(out[..11], [1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 2.0, 1.0]);
}

#[test]
fn windows_of_a_row_meet_their_pixels() {
    for (pixels, len, step, width) in [
        (0, 3, 1, 16),
        (1, 1, 4, 20),
        (9, 21, 3, 64),
        (30, 24, 12, 16),
        (5, 29, 40, 33),
    ] {
        let a: Vec<f32> = (0..pixels * step + len).map(value).collect();
        let b: Vec<f32> = (0..pixels * width).map(|i| value(i * 3)).collect();
        // As in a row of pixels whose other columns come first.
        let b = b.get(width - LANES..).unwrap_or(&[]);
        let mut out = vec![1.0; len * LANES];
        outer_windows(&mut out, &a, step, b, width);
        for (at, got) in out.iter().enumerate() {
            let (k, j) = (at / LANES, at % LANES);
            let want: f32 = (0..pixels).map(|i| a[i * step + k] * b[i * width + j]).sum();
            assert_eq!(*got, 1.0 + want);
        }
    }
}

#[test]
fn outer_products_of_neighbouring_rows_are_sums_over_them() {
    let (a, b): (Vec<f32>, Vec<f32>) = (0..200 * BLOCK).map(|i| (value(i), value(i * 7 + 3))).unzip();
    for (len, first) in [(48, 0), (13, 3), (1, 47)] {
        for rows in [1, 30, 150] {
            let left = Columns::of(&a[..rows * BLOCK], first);
            let right = Columns::of(&b[..rows * BLOCK], LANES);
            let mut single = vec![1.0; len * LANES];
            let mut out = vec![1.0; 2 * len * LANES];
            for times in [1.0, 2.0] {
                let again = times > 1.0;
                outer_rows(&mut single, len, left, right, None, again);
                outer_rows(&mut out, len, left, right, Some(len * LANES), again);
                assert_eq!(single, out[..len * LANES]);
                for (at, got) in out.iter().enumerate() {
                    let lane = if at < len * LANES { LANES } else { 2 * LANES };
                    let (k, j) = (at / LANES % len, lane + at % LANES);
                    let term = |i: usize| a[i * BLOCK + first + k] * b[i * BLOCK + j];
                    assert_eq!(*got, times * (0..rows).map(term).sum::<f32>());
                }
            }
        }
    }
}

#[test]
fn groups_of_runs_are_short_and_complete() {
    let runs = [
        Run {
            at: 0,
            panel: 0,
            len: 700,
        },
        Run {
            at: 900,
            panel: 700,
            len: 12,
        },
    ];
    let groups = by_depth(&runs);
    assert!(
        groups
            .iter()
            .all(|g| g.iter().map(|r| r.len).sum::<usize>() <= DEPTH)
    );
    let flat: Vec<Run> = groups.concat();
    assert_eq!(flat.iter().map(|r| r.len).sum::<usize>(), 712);
    assert_eq!(
        flat.last(),
        Some(&Run {
            at: 900,
            panel: 700,
            len: 12
        })
    );
    assert!(flat.windows(2).all(|w| w[0].panel + w[0].len == w[1].panel));
}

#[test]
fn even_groups_are_as_deep_as_each_other() {
    for (total, depths) in [
        (256, vec![256]),
        (512, vec![256, 256]),
        (600, vec![208, 208, 184]),
    ] {
        let groups = by_even_depth(&[Run::plain(0..total)]);
        let got: Vec<usize> = groups.iter().map(|g| g.iter().map(|r| r.len).sum()).collect();
        assert_eq!(got, depths);
    }
    assert!(by_even_depth(&[]).is_empty());
}
