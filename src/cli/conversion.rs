//! Watching a conversion: how far it has come, and whether Ctrl-C or a signal to terminate was sent.

use super::problem::Problem;
use super::progress::Bytes;
use super::signal;
use crate::convert::{ConvertError, Skipped, Watch};
use crate::report::text::{plain, shape};
use crate::subject::Stop;

/// Shows the progress, and stops the conversion at the first signal.
pub struct Watcher {
    progress: Bytes,
    stop: Stop,
}

impl Watcher {
    /// From here on a signal stops the conversion, and no longer the process.
    ///
    /// # Errors
    ///
    /// Where the system lets no signal be caught.
    pub fn new() -> Result<Self, Problem> {
        Ok(Self { progress: Bytes::new(), stop: signal::stop()? })
    }

    /// Takes the progress away.
    pub fn finish(self) {
        self.progress.finish();
    }
}

/// Characters of a name that are shown.
const NAME: usize = 120;

/// A line for each tensor that was left out.
pub fn skipped(skipped: &[Skipped]) -> String {
    let line = |Skipped { name, dtype, shape: sizes }: &Skipped| {
        let (name, sizes) = (plain(name, NAME), shape(sizes));
        format!("skipped: {name}, {dtype} of shape {sizes}: integers are not converted\n")
    };
    skipped.iter().map(line).collect()
}

impl Watch for Watcher {
    fn begin(&mut self, bytes: u64) {
        self.progress.begin(bytes);
    }

    fn advance(&mut self, bytes: u64) -> bool {
        self.progress.advance(bytes);
        !self.stop.is_told()
    }
}

impl From<ConvertError> for Problem {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::Interrupted => Self::Interrupted(error.to_string()),
            ConvertError::File { .. } | ConvertError::Tensor { .. } => {
                Self::Usage(error.to_string())
            }
        }
    }
}
