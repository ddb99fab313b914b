//! A news site on loopback that shows the main job at work.
