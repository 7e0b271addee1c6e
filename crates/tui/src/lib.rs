//! The dashboard: browse, compare and steer runs in a terminal. State changes on events and returns effects; views draw state.
