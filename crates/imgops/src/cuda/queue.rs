//! Work that is put off, so that what is asked for again can be given to the driver in one call.
//!
//! A training step asks for some hundreds of kernels, and the same ones at the next step; each costs the host several
//! microseconds, a convolution's tens, while the GPU has done with many of them in less. So nothing is launched when it is
//! asked for: launches stand in line until something must come after them (a copy to the host, an event, memory given back), the
//! step ends, or there are [`Queue::most`]. Then a sequence that has been met before is recorded as a CUDA graph, and from then
//! on run as one.
//!
//! Sequences are the same where their kernels, grids and convolutions with all addresses are; parameters of our own kernels may
//! differ (Adam's step, dropout's seed), and are changed in the graph before it runs. So results do not depend on whether work
//! was recorded: the same kernels run in the same order with the same parameters.
//!
//! What makes sequences repeat is dfdx's cache of memory, which gives a step the addresses of the step before, as long as both
//! allocate and free alike. Operations whose control flow is drawn at random must therefore allocate alike whatever is drawn.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::atomic::Ordering::Relaxed;

use super::cudnn::{Cudnn, Operands, Pass};
use super::driver::graph::{Capture, Graph, Node};
use super::driver::{self, Function, MAIN, Parameters, Stream, counters};
use super::kernels::THREADS;
use super::problem::CudaProblem;

/// Shorter sequences are not worth a graph.
const FEWEST: usize = 6;

/// Launches of a sequence, unless the environment says otherwise: the GPU begins while the host prepares the next ones.
const MOST: usize = 128;

/// How the environment says otherwise.
const SETTING: &str = "DIPTYCH_CUDA_GRAPHS";

/// Sequences that are remembered.
const KNOWN: usize = 256;

/// A kernel of ours, or a convolution of cuDNN's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// A kernel.
    Kernel {
        /// Which.
        function: Function,
        /// Its blocks.
        grid: [u32; 3],
        /// What it is told.
        parameters: Parameters,
    },
    /// A convolution.
    Convolution(Product),
}

/// A convolution with its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Product {
    /// Its plan's number.
    pub(crate) plan: usize,
    /// Which product.
    pub(crate) pass: Pass,
    /// Addresses.
    pub(crate) operands: Operands,
    /// Whether the result is added to what is there.
    pub(crate) accumulate: bool,
}

/// What must be the same for a recorded task to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fixed {
    Kernel(Function, [u32; 3]),
    Convolution(Product),
}

impl Task {
    fn fixed(&self) -> Fixed {
        match *self {
            Self::Kernel { function, grid, .. } => Fixed::Kernel(function, grid),
            Self::Convolution(product) => Fixed::Convolution(product),
        }
    }

    /// Puts it on a stream, which must be the one that cuDNN works on.
    #[allow(unsafe_code)] // the one place where work is given to the device, but for graphs
    fn run(&self, cudnn: &Cudnn, stream: Stream) -> Result<(), CudaProblem> {
        match self {
            // SAFETY: tasks come from this crate's operations. Each passes what its kernel declares, with addresses of tensors
            // and buffers that were live when it was put in line (freeing memory settles the queue first, and the stream keeps
            // memory that is freed alive for work put on it before), and their own extents, within which kernels stay. The
            // emulator runs every one of these launches under a bounds check.
            Self::Kernel {
                function,
                grid,
                parameters,
            } => unsafe { driver::launch(*function, *grid, THREADS, parameters, stream) },
            // SAFETY: as above; the work space is as long as the plan says.
            Self::Convolution(p) => unsafe { cudnn.run(p.plan, p.pass, p.operands, p.accumulate) },
        }
    }
}

/// A recorded sequence, with its kernels' parameters as they are in it.
struct Recorded {
    graph: Graph,
    kernels: Vec<(usize, Node, Parameters)>,
}

/// A sequence that has been met.
#[derive(Default)]
struct Sequence {
    /// When it was met last.
    met: u64,
    recorded: Option<Recorded>,
    /// The driver would not record it.
    refused: bool,
}

/// The line of tasks, and the sequences that were met.
pub(crate) struct Queue {
    tasks: Vec<Task>,
    most: usize,
    known: HashMap<Vec<Fixed>, Sequence>,
    clock: u64,
    /// A stream to record on.
    stream: Stream,
    /// A failure that could not be told when it happened.
    failure: Option<CudaProblem>,
}

impl Queue {
    /// An empty queue on the bound device. `DIPTYCH_CUDA_GRAPHS` in the environment is how many launches a graph may have; 0 is
    /// for none.
    ///
    /// # Errors
    /// Where it says something else, or the device has no stream.
    pub(crate) fn new() -> Result<Self, CudaProblem> {
        Ok(Self {
            tasks: Vec::new(),
            most: most(std::env::var_os(SETTING))?,
            known: HashMap::new(),
            clock: 0,
            stream: driver::new_stream()?,
            failure: None,
        })
    }

    /// Puts a task in line; true where the queue is to be settled.
    pub(crate) fn push(&mut self, task: Task) -> bool {
        self.tasks.push(task);
        self.tasks.len() >= self.most
    }

    /// Whether there is nothing to settle, nor to tell.
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.failure.is_none()
    }

    /// Keeps a failure for the next that asks.
    pub(crate) fn fail(&mut self, problem: CudaProblem) {
        self.failure.get_or_insert(problem);
    }

    /// Gives all tasks to the driver.
    pub(crate) fn settle(&mut self, cudnn: &mut Cudnn) -> Result<(), CudaProblem> {
        if let Some(problem) = self.failure.take() {
            self.tasks.clear();
            return Err(problem);
        }
        if self.tasks.is_empty() {
            return Ok(());
        }
        let mut tasks = std::mem::take(&mut self.tasks);
        let result = self.submit(&tasks, cudnn);
        tasks.clear();
        self.tasks = tasks; // for its memory
        result
    }

    fn submit(&mut self, tasks: &[Task], cudnn: &mut Cudnn) -> Result<(), CudaProblem> {
        if tasks.len() < FEWEST {
            return run(tasks, cudnn);
        }
        self.clock += 1;
        let fixed: Vec<Fixed> = tasks.iter().map(Task::fixed).collect();
        let Some(sequence) = self.known.get_mut(&fixed) else {
            self.forget();
            let met = self.clock;
            self.known.insert(
                fixed,
                Sequence {
                    met,
                    ..Sequence::default()
                },
            );
            return run(tasks, cudnn);
        };
        sequence.met = self.clock;
        if sequence.recorded.is_none() && !sequence.refused {
            match record(tasks, cudnn, self.stream) {
                Ok(recorded) => sequence.recorded = Some(recorded),
                Err(problem) if problem.is_out_of_memory() => {}
                Err(_) => sequence.refused = true,
            }
        }
        match &mut sequence.recorded {
            Some(recorded) => recorded.run(tasks),
            None => run(tasks, cudnn),
        }
    }

    /// Makes room for another sequence: the one that was not met for longest goes.
    fn forget(&mut self) {
        if self.known.len() < KNOWN {
            return;
        }
        let oldest = self.known.iter().min_by_key(|(_, sequence)| sequence.met);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.known.remove(&key);
        }
    }
}

/// What the environment says.
fn most(setting: Option<OsString>) -> Result<usize, CudaProblem> {
    let Some(value) = setting else {
        return Ok(MOST);
    };
    let value = value.to_string_lossy().into_owned();
    value.trim().parse().map_err(|_| CudaProblem::Setting {
        name: SETTING,
        value,
        expected: "how many launches a graph may have, such as 128, or 0 for no graphs",
    })
}

/// One after another, as they are.
fn run(tasks: &[Task], cudnn: &Cudnn) -> Result<(), CudaProblem> {
    counters().single.fetch_add(tasks.len() as u64, Relaxed);
    tasks.iter().try_for_each(|task| task.run(cudnn, MAIN))
}

/// Records the tasks without running them.
fn record(tasks: &[Task], cudnn: &mut Cudnn, stream: Stream) -> Result<Recorded, CudaProblem> {
    cudnn.work_on(stream)?;
    let recorded = record_on(tasks, cudnn, stream);
    cudnn.work_on(MAIN)?;
    recorded
}

fn record_on(tasks: &[Task], cudnn: &Cudnn, stream: Stream) -> Result<Recorded, CudaProblem> {
    let capture = Capture::begin(stream)?;
    let mut kernels = Vec::new();
    for (i, task) in tasks.iter().enumerate() {
        task.run(cudnn, stream)?;
        if let Task::Kernel { parameters, .. } = task {
            kernels.push((i, capture.latest()?, *parameters));
        }
    }
    Ok(Recorded {
        graph: capture.end()?,
        kernels,
    })
}

impl Recorded {
    /// Runs the graph with the parameters of `tasks`, which are the same sequence.
    #[allow(unsafe_code)] // what the tasks promise: see `Task::run`
    fn run(&mut self, tasks: &[Task]) -> Result<(), CudaProblem> {
        for (i, node, known) in &mut self.kernels {
            let Task::Kernel {
                function,
                grid,
                parameters,
            } = &tasks[*i]
            else {
                continue;
            };
            if parameters != known {
                // SAFETY: the node was recorded for this function and grid.
                unsafe { self.graph.change(*node, *function, *grid, THREADS, parameters) }?;
                *known = *parameters;
            }
        }
        counters().graphs.fetch_add(1, Relaxed);
        // SAFETY: convolutions' addresses are those of the tasks, since the sequences are the same; kernels' have been changed
        // to theirs.
        unsafe { self.graph.launch() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_long_graphs_may_be() {
        assert_eq!(most(None), Ok(MOST));
        assert_eq!(most(Some("0".into())), Ok(0));
        assert_eq!(most(Some(" 64 ".into())), Ok(64));
        let problem = most(Some("off".into())).unwrap_err().to_string();
        assert!(
            problem.starts_with("DIPTYCH_CUDA_GRAPHS=off: expected how many"),
            "{problem}"
        );
    }
}
