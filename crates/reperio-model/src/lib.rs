//! Hopfield pooling over encoded repertoires.
