//! CUDA graphs: a sequence of launches that the driver takes in one call.

use std::ffi::c_void;

use super::{Function, MAIN, Parameters, SUCCESS, Stream, check, problem, symbols};
use crate::cuda::problem::CudaProblem;

/// Launches that are recorded instead of run.
pub(crate) struct Capture {
    stream: Stream,
    open: bool,
}

impl Capture {
    /// Records what is put on `stream` from now on. It must not be dfdx's, which cannot be recorded.
    pub(crate) fn begin(stream: Stream) -> Result<Self, CudaProblem> {
        // SAFETY: the stream is a live one; 2 is "relaxed": this process makes no calls in between that recording forbids.
        check("cuStreamBeginCapture", unsafe {
            symbols::begin_capture(stream, 2)
        })?;
        Ok(Self { stream, open: true })
    }

    /// The node that was recorded last.
    pub(crate) fn latest(&self) -> Result<Node, CudaProblem> {
        let (mut status, mut count) = (0u32, 0usize);
        let mut nodes: *const usize = std::ptr::null();
        let place = |p: *mut c_void| p as usize;
        // SAFETY: pointers are to local variables; null ones are for what is not asked for.
        let code = unsafe {
            symbols::capture_info(
                self.stream,
                place((&raw mut status).cast()),
                0,
                0,
                place((&raw mut nodes).cast()),
                place((&raw mut count).cast()),
            )
        };
        check("cuStreamGetCaptureInfo", code)?;
        if status != 1 || count != 1 || nodes.is_null() {
            return Err(problem("recording a graph", 901));
        }
        // SAFETY: the driver has just said that there is one.
        Ok(Node(unsafe { *nodes }))
    }

    /// Ends the recording, and makes it ready to run.
    pub(crate) fn end(mut self) -> Result<Graph, CudaProblem> {
        self.open = false;
        let mut graph = Graph { graph: 0, exec: 0 };
        // SAFETY: pointers are to fields of a local variable.
        unsafe {
            check(
                "cuStreamEndCapture",
                symbols::end_capture(self.stream, &raw mut graph.graph as usize),
            )?;
            check(
                "cuGraphInstantiate",
                symbols::instantiate(&raw mut graph.exec as usize, graph.graph, 0),
            )?;
        }
        Ok(graph)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if self.open {
            let mut graph = 0usize;
            // SAFETY: the pointer is to a local variable; what was recorded is given up.
            unsafe {
                if symbols::end_capture(self.stream, &raw mut graph as usize) == SUCCESS && graph != 0 {
                    symbols::destroy_graph(graph);
                }
            }
        }
    }
}

/// A launch within a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node(usize);

/// A recorded sequence.
#[derive(Debug)]
pub(crate) struct Graph {
    graph: usize,
    exec: usize,
}

/// `CUDA_KERNEL_NODE_PARAMS_v2`.
#[repr(C)]
struct NodeParameters {
    function: usize,
    grid: [u32; 3],
    block: [u32; 3],
    shared: u32,
    parameters: *mut *mut c_void,
    extra: *mut *mut c_void,
    kernel: usize,
    context: usize,
}

impl Graph {
    /// Changes a launch's parameters from the next run on.
    ///
    /// # Safety
    /// As [`super::launch`], for whenever the graph is run; the node must be of this graph, and a launch of this function.
    pub(crate) unsafe fn change(
        &self,
        node: Node,
        function: Function,
        grid: [u32; 3],
        threads: u32,
        parameters: &Parameters,
    ) -> Result<(), CudaProblem> {
        let mut places = parameters.places();
        let given = NodeParameters {
            function: function.0,
            grid,
            block: [threads, 1, 1],
            shared: 0,
            parameters: places.as_mut_ptr(),
            extra: std::ptr::null_mut(),
            kernel: 0,
            context: 0,
        };
        // SAFETY: the caller's promise; the driver copies all before it returns.
        check("cuGraphExecKernelNodeSetParams", unsafe {
            symbols::set_kernel_node(self.exec, node.0, &raw const given as usize)
        })
    }

    /// Puts the whole sequence on dfdx's stream.
    ///
    /// # Safety
    /// All addresses that its launches were recorded with, or changed to, must be as they need.
    pub(crate) unsafe fn launch(&self) -> Result<(), CudaProblem> {
        // SAFETY: the caller's promise.
        check("cuGraphLaunch", unsafe { symbols::launch_graph(self.exec, MAIN) })
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: both were made by `Capture::end` and are used by nobody else. A run under way goes on to its end.
        unsafe {
            if self.exec != 0 {
                symbols::destroy_exec(self.exec);
            }
            if self.graph != 0 {
                symbols::destroy_graph(self.graph);
            }
        }
    }
}
