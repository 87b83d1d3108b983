//! Small grey images, drawn by formula: shapes, letters, gratings.

use std::f64::consts::PI;

/// Pixels of one side.
pub(crate) const SIDE: usize = 16;
/// Pixels of an image.
pub(crate) const PIXELS: usize = SIDE * SIDE;

/// Pixels row by row, -1 black, 1 white.
pub(crate) type Image = Vec<f64>;

/// 16 shapes, 16 letters, 16 gratings.
pub(crate) fn all() -> Vec<Image> {
    let mut images = shapes();
    images.extend(letters());
    images.extend(gratings());
    images
}

/// An image from a function of the place, both coordinates in (-1, 1), y downwards.
fn paint(value: impl Fn(f64, f64) -> f64) -> Image {
    let at = |i: usize| (2.0 * i as f64 + 1.0) / SIDE as f64 - 1.0;
    (0..PIXELS).map(|i| value(at(i % SIDE), at(i / SIDE)).clamp(-1.0, 1.0)).collect()
}

fn inside(is_inside: bool) -> f64 {
    if is_inside { 1.0 } else { -1.0 }
}

fn shapes() -> Vec<Image> {
    let round = |x: f64, y: f64| x.hypot(y);
    let square = |x: f64, y: f64| x.abs().max(y.abs());
    let diamond = |x: f64, y: f64| x.abs() + y.abs();
    vec![
        paint(|x, y| inside(round(x, y) < 0.8)),
        paint(|x, y| inside(round(x, y) < 0.45)),
        paint(|x, y| inside((0.5..0.85).contains(&round(x, y)))),
        paint(|x, y| 1.0 - 2.0 * round(x, y)),
        paint(|x, y| inside(square(x, y) < 0.7)),
        paint(|x, y| inside((0.5..0.8).contains(&square(x, y)))),
        paint(|x, y| inside(diamond(x, y) < 0.9)),
        paint(|x, y| inside((0.6..1.0).contains(&diamond(x, y)))),
        paint(|x, y| inside(x.abs() < 0.2 || y.abs() < 0.2)),
        paint(|x, y| inside((x - y).abs() < 0.3 || (x + y).abs() < 0.3)),
        paint(|x, y| inside(y > 2.0 * x.abs() - 0.9 && y < 0.8)),
        paint(|x, y| inside(-y > 2.0 * x.abs() - 0.9 && -y < 0.8)),
        paint(|x, y| inside(round(x, y) < 0.85 && x < 0.0)),
        paint(|x, y| inside(round(x, y) < 0.85 && y < 0.0)),
        paint(|x, y| inside(round(x - 0.4, y - 0.4) < 0.4 || round(x + 0.4, y + 0.4) < 0.4)),
        paint(|x, y| 0.5 * (x + y)),
    ]
}

/// Letters of 5 by 7 dots, a row of dots in the five low bits of a number, top row first.
const LETTERS: [[u8; 7]; 16] = [
    [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11], // A
    [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e], // B
    [0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e], // C
    [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e], // D
    [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f], // E
    [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10], // F
    [0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11], // H
    [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11], // K
    [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f], // L
    [0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11], // M
    [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11], // N
    [0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10], // P
    [0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11], // R
    [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e], // S
    [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04], // T
    [0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f], // Z
];

/// White letters, two pixels a dot, in the middle of the image.
fn letters() -> Vec<Image> {
    let draw = |rows: &[u8; 7]| {
        let dot = |i: usize| {
            let (column, row) = ((i % SIDE).wrapping_sub(3) / 2, (i / SIDE).wrapping_sub(1) / 2);
            inside(column < 5 && row < 7 && rows[row] >> (4 - column) & 1 == 1)
        };
        (0..PIXELS).map(dot).collect()
    };
    LETTERS.iter().map(draw).collect()
}

/// Waves in four directions, of two lengths, in two phases.
fn gratings() -> Vec<Image> {
    let mut images = Vec::new();
    for direction in 0..4 {
        let angle = PI * f64::from(direction) / 4.0;
        for waves in [1.5, 3.0] {
            for phase in [0.0, PI / 2.0] {
                let (sin, cos) = angle.sin_cos();
                images.push(paint(|x, y| (PI * waves * (x * cos + y * sin) + phase).sin()));
            }
        }
    }
    images
}
