//! What trials found: each of these went wrong once.

mod anywhere;
mod charts;
mod forms;
mod images;
mod runs;
mod system;

use crate::effect::{Effect, Reply};
use crate::overlay::{Form, Overlay};
use crate::state::runs::News;
use crate::testing::Bench;

/// The open form.
pub(super) fn form(bench: &Bench) -> &Form {
    match &bench.state.overlay {
        Some(Overlay::Form(form)) => form,
        other => panic!("no form is open: {other:?}"),
    }
}

/// The number under which a form has sent something off.
pub(super) fn submitted(bench: &mut Bench) -> (u64, Effect) {
    let at = bench.effects.iter().position(|e| matches!(e, Effect::Submit(..)));
    match bench.effects.remove(at.expect("something was sent off")) {
        Effect::Submit(id, what) => (id, *what),
        _ => unreachable!("it was looked for"),
    }
}

/// Changes runs as a trainer would.
pub(super) fn change(bench: &mut Bench, change: impl Fn(&mut diptych_domain::RunSummary)) {
    let mut changed = bench.state.runs.all().to_vec();
    changed.iter_mut().for_each(change);
    bench.reply(Reply::Runs(Ok(News {
        changed,
        remain: None,
        complete: true,
    })));
    bench.answer();
}
