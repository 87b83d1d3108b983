//! Grey images in a figure.

use std::fmt::Write;

use super::svg::{Area, Figure};

/// Shades of grey that are told apart. Few of them keep the file small.
const SHADES: usize = 32;

/// Draws a square grey image into `area`: `pixels` row by row, -1 black, 1 white.
pub(crate) fn grey_image(figure: &mut Figure, area: Area, side: usize, pixels: &[f64]) {
    // One path a shade, made of the runs of that shade, in units of a pixel.
    let mut paths = vec![String::new(); SHADES];
    for (row, line) in pixels.chunks_exact(side).enumerate() {
        let shades: Vec<usize> = line.iter().map(|&value| shade(value)).collect();
        let mut from = 0;
        for run in shades.chunk_by(|a, b| a == b) {
            let long = run.len();
            write!(paths[run[0]], "M{from} {row}h{long}v1h-{long}z").expect("writing to a string");
            from += long;
        }
    }
    let (across, down) = (area.width / side as f64, area.height / side as f64);
    figure.element(format_args!(
        r#"<g transform="translate({:.1} {:.1}) scale({across:.4} {down:.4})" shape-rendering="crispEdges">"#,
        area.x, area.y
    ));
    for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let grey = 255 * shade / (SHADES - 1);
        figure.element(format_args!(r#"<path fill="rgb({grey},{grey},{grey})" d="{path}"/>"#));
    }
    figure.element("</g>");
    figure.element(format_args!(
        r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="none" stroke="#888888"/>"##,
        area.x, area.y, area.width, area.height
    ));
}

fn shade(value: f64) -> usize {
    let white = 0.5 + 0.5 * value.clamp(-1.0, 1.0);
    (white * (SHADES - 1) as f64).round() as usize
}
