//! A worker: serves apps to an arbiter, on the lanes that it has inherited.
//!
//! The arbiter says by the environment where the lanes are and which apps to serve, and by the end
//! of the lanes that the worker is to leave. Calls of several lanes run side by side, so an app
//! guards what it keeps.

mod app;
mod inherited;
mod lane;
mod told;

use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use crate::gd::messages;
use crate::gd::{Dict, ErrorType, Value};
use crate::json::Json;

pub use app::{Answer, App, Call, Failure, Items};
use told::text_of;

/// Exit statuses.
const ENDED: i32 = 0;
const AT_FAULT: i32 = 1;
const BOOT_FAILED: i32 = 3;
const ARBITER_GONE: i32 = 4;

type Maker = Box<dyn Fn() -> Result<Box<dyn App>, Failure>>;

/// The apps that a program can serve.
#[derive(Default)]
pub struct Worker {
    makers: HashMap<String, Maker>,
}

impl Worker {
    /// A worker without apps.
    pub fn new() -> Self {
        Worker::default()
    }

    /// Serves an app under a path. It is made when an arbiter wants it; what fails then ends the boot.
    pub fn app<A: App>(
        mut self,
        path: impl Into<String>,
        make: impl Fn() -> Result<A, Failure> + 'static,
    ) -> Self {
        let maker = move || make().map(|app| Box::new(app) as Box<dyn App>);
        self.makers.insert(path.into(), Box::new(maker));
        self
    }

    /// Serves until the arbiter lets go of the worker; returns the exit status.
    pub fn run(self) -> i32 {
        inherited::heed_no_signals();
        let numbers = std::env::var("GD_WORKER_FDS").unwrap_or_default();
        let lanes = match inherited::lanes(&numbers) {
            Ok(lanes) => lanes,
            Err(error) => {
                eprintln!("GD_WORKER_FDS {numbers:?}: {error}");
                return AT_FAULT;
            }
        };
        let served = Arc::new(self.booted());
        let serving: Vec<_> = lanes
            .into_iter()
            .map(|socket| {
                let served = Arc::clone(&served);
                std::thread::spawn(move || lane::serve(socket, &served))
            })
            .collect();
        for lane in serving {
            if lane.join().is_err() {
                return AT_FAULT;
            }
        }
        if served.failure.is_some() {
            return BOOT_FAILED;
        }
        served.close();
        ENDED
    }

    /// The apps that the arbiter names, or why there are none.
    fn booted(&self) -> Served {
        let mut served = Served::default();
        let named = std::env::var("GD_WORKER_APPS").ok().and_then(|text| Json::parse(&text));
        let Some(paths) = named.as_ref().and_then(Json::as_array) else {
            let told = "GD_WORKER_APPS is no list of JSON";
            served.failure = Some(messages::Error::new(0, ErrorType::DirtyError.name(), told));
            return served;
        };
        for path in paths.iter().filter_map(Json::as_str) {
            match self.made(path) {
                Ok(app) => {
                    served.paths.push(path.to_owned());
                    served.apps.insert(path.to_owned(), app);
                }
                Err(failure) => {
                    served.failure = Some(failure);
                    return served;
                }
            }
        }
        served
    }

    fn made(&self, path: &str) -> Result<Box<dyn App>, messages::Error> {
        let failure = |kind: ErrorType, message: &str| messages::Error {
            details: [("app_path", path)].into_iter().collect(),
            ..messages::Error::new(0, kind.name(), text_of(message))
        };
        let Some(maker) = self.makers.get(path) else {
            let told = format!("app {path}: this worker has none such");
            return Err(failure(ErrorType::DirtyAppNotFoundError, &told));
        };
        let made = catch_unwind(AssertUnwindSafe(maker))
            .unwrap_or_else(|panic| Err(Failure::of_panic(panic.as_ref())));
        made.map_err(|error| failure(ErrorType::DirtyAppError, &error.message))
    }
}

/// What a worker serves, or why it serves nothing.
#[derive(Default)]
struct Served {
    /// In the order in which the arbiter names them.
    paths: Vec<String>,
    apps: HashMap<String, Box<dyn App>>,
    failure: Option<messages::Error>,
}

impl Served {
    /// Closes the apps, the last first; one that fails does not keep the others from it.
    fn close(&self) {
        for path in self.paths.iter().rev() {
            let closing = AssertUnwindSafe(|| self.apps[path].close());
            if let Err(panic) = catch_unwind(closing) {
                eprintln!(
                    "app {path}: close failed: {}",
                    Failure::of_panic(panic.as_ref()).message
                );
            }
        }
    }

    /// What the worker says of itself.
    fn status(&self) -> Dict {
        let paths: Vec<Value> = self.paths.iter().map(|path| path.as_str().into()).collect();
        let extensions = vec![crate::gd::MessageType::Cancel.extension().into()];
        Dict(vec![
            ("pid".to_owned(), std::process::id().into()),
            ("apps".to_owned(), Value::List(paths)),
            ("version".to_owned(), env!("CARGO_PKG_VERSION").into()),
            ("extensions".to_owned(), Value::List(extensions)),
        ])
    }
}
