//! Lets code that waits call code that does not: a thread of its own does the work, whoever asks waits for it.
//!
//! The store of snapshots is read on threads that compute as well as by commands on a thread of the runtime, and on
//! those nobody may wait for the runtime itself.

use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};

#[derive(Debug)]
pub(super) struct Blocking(Option<Runtime>);

impl Blocking {
    pub fn start() -> std::io::Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("objects").enable_all();
        runtime.build().map(Some).map(Self)
    }

    pub fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let (done, result) = mpsc::sync_channel(1);
        let runtime = self.0.as_ref().expect("the thread ends with its owner");
        runtime.spawn(async move {
            // Nobody waits any more when the process is about to end.
            let _nobody = done.send(work.await);
        });
        result.recv().expect("the work answers, or has panicked")
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
