//! The review in the browser: pages drawn here, without a build step, a foreign host or an inline
//! script. They work without JavaScript; a little of it adds keys.

mod article;
mod chart;
mod compare;
mod feeds;
mod gate;
mod keeper;
mod layout;
mod list;
mod overview;
mod queue;
mod site;
mod stories;
mod words;

pub use feeds::{Daemon, FeedTest, FeedView};
pub use gate::Gate;
pub use keeper::Keeper;
pub use site::{Outside, Testing, router};
