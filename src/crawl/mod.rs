//! The whole way as one state machine.
