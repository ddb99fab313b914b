//! Lines of JSON in a file: append, sync, recover a torn tail.
