//! The end-to-end report: what it judges, what it shows, and the model that it runs.

mod command;
mod judging;
mod model;
