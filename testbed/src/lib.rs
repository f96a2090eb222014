//! What the tests of all libraries of the house share. `lib.sh` and `lab.bash` beside it are the same for shell tests.

pub mod host;
pub mod mutation;
pub mod sandbox;
pub mod wait;
