//! A figure as a self-contained SVG text: titles and line charts on a light background.

use std::fmt::{Display, Write};
use std::fs;
use std::io;
use std::path::Path;

/// Colours that stay apart for colour-blind readers (Okabe and Ito), the order of the series.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const INK: &str = "#222222";
const GRID: &str = "#dddddd";

/// A place in a figure, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// One set of points of a chart.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// Joins the points by a line.
    pub(crate) line: bool,
    /// Draws a dot at every point.
    pub(crate) dots: bool,
}

/// A chart: what its axes say, and its series. A logarithmic x axis has powers of ten as ticks.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    pub(crate) log_x: bool,
    pub(crate) series: &'a [Series],
}

/// A figure under construction.
pub(crate) struct Figure {
    width: f64,
    height: f64,
    body: String,
}

impl Figure {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Adds an SVG element as it is.
    pub(crate) fn element(&mut self, element: impl Display) {
        writeln!(self.body, "{element}").expect("writing to a string");
    }

    /// Writes `text` at a point; `anchor` is `start`, `middle` or `end`.
    pub(crate) fn text(&mut self, at: (f64, f64), anchor: &str, size: f64, text: &str) {
        let (x, y) = at;
        let text = escape(text);
        self.element(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}">{text}</text>"#
        ));
    }

    /// Draws a chart into `area`, which holds its labels too.
    pub(crate) fn chart(&mut self, area: Area, chart: &Chart) {
        let plot = Plot::of(area, chart);
        let inner = plot.inner;
        self.text((inner.x, area.y + 16.0), "start", 14.0, chart.title);
        self.axes(&plot, chart);
        for (i, series) in chart.series.iter().enumerate() {
            self.series(&plot, series, COLOURS[i % COLOURS.len()]);
            let y = inner.y + 14.0 + 17.0 * i as f64;
            let (x, colour) = (inner.x + 12.0, COLOURS[i % COLOURS.len()]);
            self.element(format_args!(
                r#"<rect x="{x:.1}" y="{:.1}" width="14" height="4" fill="{colour}"/>"#,
                y - 6.0
            ));
            self.text((x + 20.0, y), "start", 12.0, &series.name);
        }
    }

    fn axes(&mut self, plot: &Plot, chart: &Chart) {
        let Area { x, y, width, height } = plot.inner;
        let (right, bottom) = (x + width, y + height);
        for (value, label) in &plot.x_ticks {
            let at = plot.place((*value, plot.y.0)).0;
            self.rule((at, y), (at, bottom), GRID);
            self.text((at, bottom + 16.0), "middle", 12.0, label);
        }
        for (value, label) in &plot.y_ticks {
            let at = plot.place((plot.x.0, *value)).1;
            self.rule((x, at), (right, at), GRID);
            self.text((x - 6.0, at + 4.0), "end", 12.0, label);
        }
        self.rule((x, bottom), (right, bottom), INK);
        self.rule((x, y), (x, bottom), INK);
        self.text((x + width / 2.0, bottom + 36.0), "middle", 13.0, chart.x_label);
        let (at, middle, label) = (x - 40.0, y + height / 2.0, escape(chart.y_label));
        self.element(format_args!(
            r#"<text transform="translate({at:.1} {middle:.1}) rotate(-90)" text-anchor="middle" font-size="13">{label}</text>"#
        ));
    }

    fn rule(&mut self, from: (f64, f64), to: (f64, f64), colour: &str) {
        self.element(format_args!(
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    fn series(&mut self, plot: &Plot, series: &Series, colour: &str) {
        let places: Vec<_> = series.points.iter().map(|&point| plot.place(point)).collect();
        if series.line {
            let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            self.element(format_args!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
                path.join(" ")
            ));
        }
        for (x, y) in places.iter().filter(|_| series.dots) {
            self.element(format_args!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{colour}"/>"#
            ));
        }
    }

    /// The whole figure as SVG.
    pub(crate) fn to_svg(&self) -> String {
        let Self { width, height, body } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" fill="{INK}">
<rect width="100%" height="100%" fill="white"/>
{body}</svg>
"#
        )
    }

    /// Writes the figure to a file, and the folder for it where there is none.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, self.to_svg())
    }
}

/// Ranges and ticks of a chart; on a logarithmic axis `x` counts powers of ten.
struct Plot {
    inner: Area,
    log_x: bool,
    x: (f64, f64),
    y: (f64, f64),
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
}

impl Plot {
    fn of(area: Area, chart: &Chart) -> Self {
        let inner = Area {
            x: area.x + 58.0,
            y: area.y + 28.0,
            width: area.width - 72.0,
            height: area.height - 72.0,
        };
        let points = || chart.series.iter().flat_map(|series| &series.points);
        let (x, x_ticks) = if chart.log_x {
            let (low, high) = range(points().map(|p| p.0.log10()));
            let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
            let ticks = (low as i32..=high as i32).map(|e| 10f64.powi(e));
            ((low, high), ticks.map(|tick| (tick, tick.to_string())).collect())
        } else {
            axis(range(points().map(|p| p.0)))
        };
        let (y, y_ticks) = axis(range(points().map(|p| p.1)));
        Self { inner, log_x: chart.log_x, x, y, x_ticks, y_ticks }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let x = if self.log_x && x > 0.0 { x.log10() } else { x };
        let across = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        let Area { x, y, width, height } = self.inner;
        (x + across * width, y + (1.0 - up) * height)
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// Widens a range to round numbers, four to nine steps of 1, 2 or 5 times a power of ten.
fn axis((low, high): (f64, f64)) -> ((f64, f64), Vec<(f64, String)>) {
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
    let rough = (high - low) / 8.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|s| s * power).into_iter().find(|&s| s >= rough);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let ticks = (first..=last).map(|i| i as f64 * step);
    let labelled = ticks.map(|tick| (tick, format!("{tick:.digits$}"))).collect();
    ((first as f64 * step, last as f64 * step), labelled)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
