//! Tags, notes, archiving, deleting.

use crate::support::World;

#[test]
fn runs_are_labelled_put_aside_and_deleted() {
    let world = World::new();
    for name in ["first", "second"] {
        world.ok(&format!(
            "train tiny.toml --name {name} --set optim.epochs=1 --set optim.decay_epochs=0"
        ));
    }
    let names = |query: &str| {
        let runs = world.json(&format!("runs {query} --json"));
        let names = runs
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };

    world.ok("tag first paper b");
    assert_eq!(names("tag:paper"), ["first"]);
    let complaint = world.refused("tag first papre --remove");
    assert!(
        complaint.contains("no tag `papre`: it has b, paper"),
        "{complaint}"
    );
    world.ok("tag first paper --remove");
    assert!(names("tag:paper").is_empty());
    world.ok("note first good");
    assert_eq!(world.ok("note first"), "good\n");

    world.ok("archive first");
    assert_eq!(names(""), ["second"]);
    assert_eq!(names("archived:true"), ["first"]);
    let listed = world.run("runs");
    assert!(
        listed.stderr.contains("1 archived run matches too"),
        "{}",
        listed.stderr
    );
    assert!(world.ok("show first").contains("archived"));
    assert!(world.refused("runs archived:maybe").contains("true or false"));
    world.ok("archive first --undo");
    assert_eq!(names(""), ["second", "first"]);

    // Queries name many at once; one with a name that no run has changes nothing.
    for command in ["tag", "archive", "delete"] {
        let more = if command == "tag" { " all" } else { "" };
        let complaint = world.refused(&format!("{command} params.ngff!=1{more}"));
        assert!(complaint.contains("did you mean `params.ngf`?"), "{complaint}");
    }
    world.ok("tag model:pix2pix all");
    assert_eq!(names("tag:all"), ["second", "first"]);
    world.ok("archive tag:all");
    assert!(names("").is_empty());
    let complaint = world.refused("metrics tag:all");
    assert!(complaint.contains("but 2 archived"), "{complaint}");
    world.ok("archive archived:true --undo");

    let id = world.json("show second --json")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let folder = world.path("home").join("runs").join(&id);
    assert!(folder.join("checkpoints").is_dir());
    let complaint = world.refused("delete second");
    assert!(complaint.contains("--yes"), "{complaint}");
    assert!(complaint.contains("second: finished, step"), "{complaint}");
    assert_eq!(names("").len(), 2, "nothing happened yet");
    world.ok("delete second --yes");
    assert!(!folder.exists());
    assert_eq!(names(""), ["first"]);
    assert!(world.refused("delete second --yes").contains("second"));
}
