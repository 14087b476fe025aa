//! The plot of a run: for each row, how many times C's time it takes through each binding with Hardwire off and on, on a
//! logarithmic scale; and how many times faster Python alone becomes. As SVG or PNG.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::binding::Binding;
use crate::row::Row;
use crate::run::Run;
use crate::text;

/// What a plot is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text that scales.
    Svg,
    /// Pixels.
    Png,
}

impl Format {
    /// By the end of a file's name.
    ///
    /// # Errors
    /// It is neither `.svg` nor `.png`.
    pub fn of(path: &Path) -> Result<Format> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("svg") => Ok(Format::Svg),
            Some("png") => Ok(Format::Png),
            _ => bail!(
                "--plot {}: a plot is written as .svg or .png, and the name must end so",
                path.display()
            ),
        }
    }
}

/// Pixels of a PNG for one unit of an SVG, along each side.
const SCALE: u32 = 2;
/// The width of a plot, and of the titles in it.
const WIDTH: u32 = 900;
const TITLES: i32 = 230;
/// The heights of a row, of what stands above the rows of a panel, and of what stands below.
const LANE: i32 = 18;
const ABOVE: i32 = 48;
const BELOW: i32 = 30;
/// Between what is drawn and the edge.
const MARGIN: i32 = 16;
/// The name that the font is known by to whoever draws.
const FONT: &str = "sans-serif";

/// The colours that do not belong to a binding.
#[derive(Debug, Clone, Copy)]
struct Theme {
    ink: RGBColor,
    faint: RGBColor,
    background: Option<RGBColor>,
}

/// For a file of its own.
const ON_PAPER: Theme = Theme {
    ink: RGBColor(0x20, 0x20, 0x20),
    faint: RGBColor(0xb8, 0xb8, 0xb8),
    background: Some(WHITE),
};
/// For a page, whose own colour of text takes the place of this ink.
const IN_PAGE: Theme = Theme {
    ink: RGBColor(1, 1, 1),
    faint: RGBColor(0x8a, 0x8a, 0x8a),
    background: None,
};
const PAGE_INK: &str = "#010101";

/// One colour for each binding: of a brightness that is seen on white and on black.
fn colour(binding: Binding) -> RGBColor {
    match binding {
        Binding::CffiAbi => RGBColor(0x2f, 0x7f, 0xc8),
        Binding::CffiApi => RGBColor(0xd9, 0x7a, 0x1f),
        Binding::Cdll => RGBColor(0x35, 0x9a, 0x55),
        Binding::Pydll => RGBColor(0x9b, 0x5f, 0xc9),
        Binding::Pure => RGBColor(0x80, 0x80, 0x80),
    }
}

/// A point of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    value: f64,
    /// Filled with Hardwire on, else a ring.
    filled: bool,
    binding: Binding,
}

/// A row of a panel.
#[derive(Debug, Clone, PartialEq)]
struct Lane {
    title: String,
    points: Vec<Point>,
}

/// Rows over one scale.
#[derive(Debug, Clone)]
struct Panel {
    title: &'static str,
    lanes: Vec<Lane>,
    /// Values with a line of their own, and what it means.
    marks: &'static [(f64, &'static str)],
}

impl Panel {
    fn height(&self) -> i32 {
        ABOVE + LANE * self.lanes.len() as i32 + BELOW
    }

    /// The least and the greatest power of ten around its values.
    fn powers(&self) -> (i32, i32) {
        let points = self.lanes.iter().flat_map(|lane| &lane.points);
        let values = points.map(|point| point.value.log10());
        let (least, greatest) = values.fold((0.0_f64, 1.0_f64), |(least, greatest), value| {
            (least.min(value), greatest.max(value))
        });
        (least.floor() as i32, greatest.ceil() as i32)
    }

    /// The bindings in it, in the order of a table.
    fn bindings(&self) -> Vec<Binding> {
        let is_in = |binding: &Binding| {
            let mut points = self.lanes.iter().flat_map(|lane| &lane.points);
            points.any(|point| point.binding == *binding)
        };
        Binding::ALL.iter().copied().filter(is_in).collect()
    }
}

/// The plot of a run, for a page: it takes on the page's colour of text.
///
/// # Errors
/// It cannot be drawn.
pub fn for_page(run: &Run) -> Result<Option<String>> {
    let panels = panels(run);
    if panels.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        svg(&panels, IN_PAGE)?.replace(&format!("\"{PAGE_INK}\""), "\"currentColor\""),
    ))
}

/// Writes the plot of a run, as what the name of the file says.
///
/// # Errors
/// There is nothing to plot, no font for pixels, or the file cannot be written.
pub fn write(run: &Run, path: &Path) -> Result<()> {
    let panels = panels(run);
    if panels.is_empty() {
        bail!(
            "--plot {}: no row has a ratio that could be plotted",
            path.display()
        );
    }
    let contents = match Format::of(path)? {
        Format::Svg => svg(&panels, ON_PAPER)?.into_bytes(),
        Format::Png => png(&panels)?,
    };
    text::write_file(path, &contents)
}

fn panels(run: &Run) -> Vec<Panel> {
    let against_c = Panel {
        title: "process CPU time, times C (ring: Hardwire off, disc: on)",
        lanes: lanes(&run.rows, |row| [row.off_over_c, row.on_over_c]),
        marks: &[(1.0, "C"), (1.5, "1.5")],
    };
    let without_c = |row: &Row| [None, row.off_over_on.filter(|_| row.c.is_none())];
    let mut alone = lanes(&run.rows, without_c);
    let ordinary = run.ordinary.iter().flat_map(|all| &all.programs);
    alone.extend(ordinary.map(|row| Lane {
        title: row.name.clone(),
        points: vec![Point {
            value: row.off_over_on,
            filled: true,
            binding: Binding::Pure,
        }],
    }));
    let alone = Panel {
        title: "Python alone: how many times faster with Hardwire on",
        lanes: alone,
        marks: &[(1.0, "off")],
    };
    let mut all = vec![against_c, alone];
    all.retain(|panel| !panel.lanes.is_empty());
    all
}

/// A lane for each name, with its rows' values off and on.
fn lanes(rows: &[Row], values: impl Fn(&Row) -> [Option<f64>; 2]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for row in rows.iter().filter(|row| row.verdict.is_right()) {
        let both = values(row).into_iter().zip([false, true]);
        let points = both.filter_map(|(value, filled)| {
            Some(Point {
                value: value?,
                filled,
                binding: row.binding,
            })
        });
        let points: Vec<_> = points.collect();
        if points.is_empty() {
            continue;
        }
        match lanes.iter_mut().find(|lane| lane.title == row.title) {
            Some(lane) => lane.points.extend(points),
            None => lanes.push(Lane {
                title: row.title.clone(),
                points,
            }),
        }
    }
    lanes
}

fn height(panels: &[Panel]) -> u32 {
    let all: i32 = panels.iter().map(Panel::height).sum();
    (all + 2 * MARGIN) as u32
}

fn svg(panels: &[Panel], theme: Theme) -> Result<String> {
    let mut text = String::new();
    let size = (WIDTH, height(panels));
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    draw(&area, panels, theme, 1)?;
    drop(area);
    Ok(text)
}

fn png(panels: &[Panel]) -> Result<Vec<u8>> {
    register_font()?;
    let size = (WIDTH * SCALE, height(panels) * SCALE);
    let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        draw(&area, panels, ON_PAPER, SCALE as i32)?;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().context("cannot encode the plot")?;
    writer
        .write_image_data(&pixels)
        .context("cannot encode the plot")?;
    writer.finish().context("cannot encode the plot")?;
    Ok(file)
}

/// Finds a font of the system: pixels need one. An SVG leaves that to whoever shows it.
fn register_font() -> Result<()> {
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    let wanted = fontdb::Query {
        families: &[
            fontdb::Family::SansSerif,
            fontdb::Family::Name("DejaVu Sans"),
            fontdb::Family::Name("Liberation Sans"),
            fontdb::Family::Name("Noto Sans"),
        ],
        ..fontdb::Query::default()
    };
    let first = || fonts.faces().next().map(|face| face.id);
    let bytes = fonts
        .query(&wanted)
        .or_else(first)
        .and_then(|id| fonts.with_face_data(id, |bytes, _| bytes.to_vec()))
        .context(
            "--plot: a PNG needs a font, and the system has none: install one (Debian and Ubuntu: \
             fonts-dejavu-core), or write an .svg",
        )?;
    // It is used until the process ends.
    plotters::style::register_font(FONT, FontStyle::Normal, Vec::leak(bytes))
        .map_err(|_| anyhow!("--plot: the system's font cannot be used for a PNG: write an .svg"))
}

fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    panels: &[Panel],
    theme: Theme,
    scale: i32,
) -> Result<()>
where
    B::ErrorType: 'static,
{
    if let Some(background) = theme.background {
        area.fill(&background)?;
    }
    let mut top = MARGIN;
    for panel in panels {
        let pen = Pen {
            area,
            theme,
            scale,
            top,
            powers: panel.powers(),
        };
        pen.panel(panel)?;
        top += panel.height();
    }
    area.present()?;
    Ok(())
}

/// Draws one panel; in units of an SVG, below `top`.
struct Pen<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    theme: Theme,
    scale: i32,
    top: i32,
    powers: (i32, i32),
}

impl<B: DrawingBackend> Pen<'_, B>
where
    B::ErrorType: 'static,
{
    fn panel(&self, panel: &Panel) -> Result<()> {
        self.words(panel.title, (MARGIN, 8), HPos::Left, self.theme.ink, 15)?;
        self.legend(panel)?;
        let bottom = ABOVE + LANE * panel.lanes.len() as i32;
        for power in self.powers.0..=self.powers.1 {
            let value = 10_f64.powi(power);
            self.line(value, bottom, self.theme.faint)?;
            let x = self.x(value);
            self.words(
                &label(power),
                (x, bottom + 12),
                HPos::Center,
                self.theme.ink,
                12,
            )?;
        }
        for (value, name) in panel.marks {
            self.line(*value, bottom, self.theme.ink)?;
            let x = self.x(*value);
            self.words(name, (x, ABOVE - 8), HPos::Center, self.theme.ink, 11)?;
        }
        for (index, lane) in panel.lanes.iter().enumerate() {
            let y = ABOVE + LANE * index as i32 + LANE / 2;
            self.words(
                &lane.title,
                (MARGIN + TITLES - 10, y),
                HPos::Right,
                self.theme.ink,
                13,
            )?;
            for point in &lane.points {
                self.point(*point, y)?;
            }
        }
        Ok(())
    }

    fn legend(&self, panel: &Panel) -> Result<()> {
        let mut x = MARGIN + TITLES;
        for binding in panel.bindings() {
            let disc = Circle::new(
                self.at((x + 4, 27)),
                4 * self.scale,
                colour(binding).filled(),
            );
            self.area.draw(&disc)?;
            let title = binding.title();
            self.words(title, (x + 13, 27), HPos::Left, self.theme.ink, 12)?;
            x += 34 + 7 * title.len() as i32;
        }
        Ok(())
    }

    fn point(&self, point: Point, y: i32) -> Result<()> {
        let place = self.at((self.x(point.value), y));
        let colour = colour(point.binding);
        let circle = if point.filled {
            Circle::new(place, 4 * self.scale, colour.mix(0.85).filled())
        } else {
            Circle::new(
                place,
                4 * self.scale,
                colour.stroke_width(self.scale as u32),
            )
        };
        self.area.draw(&circle)?;
        Ok(())
    }

    fn line(&self, value: f64, bottom: i32, colour: RGBColor) -> Result<()> {
        let x = self.x(value);
        let ends = vec![self.at((x, ABOVE)), self.at((x, bottom))];
        self.area.draw(&PathElement::new(
            ends,
            colour.stroke_width(self.scale as u32),
        ))?;
        Ok(())
    }

    fn words(
        &self,
        text: &str,
        place: (i32, i32),
        side: HPos,
        colour: RGBColor,
        size: i32,
    ) -> Result<()> {
        let style = (FONT, size * self.scale)
            .into_font()
            .color(&colour)
            .pos(Pos::new(side, VPos::Center));
        self.area.draw(&Text::new(text, self.at(place), style))?;
        Ok(())
    }

    /// Where a value stands on the scale.
    fn x(&self, value: f64) -> i32 {
        let (least, greatest) = self.powers;
        let left = MARGIN + TITLES;
        let width = WIDTH as i32 - left - 2 * MARGIN;
        let part = (value.log10() - f64::from(least)) / f64::from(greatest - least);
        left + (part * f64::from(width)).round() as i32
    }

    /// A place of the panel on the whole.
    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.scale, (self.top + y) * self.scale)
    }
}

/// A power of ten.
fn label(power: i32) -> String {
    if power < 0 {
        format!("{:.*}", power.unsigned_abs() as usize, 10_f64.powi(power))
    } else {
        format!("{:.0}", 10_f64.powi(power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::About;
    use crate::row::{Part, Times, Work};
    use crate::spread::Spread;
    use crate::verdict::Verdict;

    fn run() -> Run {
        let row = |binding, c: Option<f64>, on| {
            let (part, name) = match binding {
                Binding::Pure => (Part::Alone, "sieve"),
                _ => (Part::Calls, "a < b"),
            };
            let work = Work {
                part,
                name,
                title: name,
                binding,
                target: String::new(),
            };
            let times = Times {
                c: c.and_then(|c| Spread::of(&[c])),
                off: Spread::of(&[200.0]),
                on: Spread::of(&[on]),
                base: None,
            };
            Row::of(work, times, Verdict::Met)
        };
        let rows = vec![
            row(Binding::CffiAbi, Some(2.0), 2.2),
            row(Binding::Cdll, Some(2.0), 1.0),
            row(Binding::Pure, None, 20.0),
        ];
        Run {
            rows,
            ..Run::new(About::for_tests(), 0)
        }
    }

    #[test]
    fn a_name_has_one_lane_with_a_point_for_each_binding_off_and_on() {
        let panels = panels(&run());
        let [against_c, alone] = panels.as_slice() else {
            panic!("{panels:?}");
        };
        assert_eq!(against_c.lanes.len(), 1);
        let values: Vec<_> = against_c.lanes[0].points.iter().map(|p| p.value).collect();
        assert_eq!(values, [100.0, 1.1, 100.0, 0.5]);
        assert_eq!(against_c.powers(), (-1, 2));
        assert_eq!(alone.lanes[0].points[0].value, 10.0);
    }

    #[test]
    fn the_page_s_plot_has_the_page_s_colour() {
        let svg = for_page(&run()).unwrap().unwrap();
        assert!(svg.contains("currentColor") && !svg.contains(PAGE_INK));
        assert!(svg.contains("a &lt; b"), "{svg}");
        assert_eq!(for_page(&Run::new(About::for_tests(), 0)).unwrap(), None);
    }

    #[test]
    fn the_name_of_the_file_says_what_it_is() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!(of("a.svg").unwrap(), Format::Svg);
        assert_eq!(of("a.png").unwrap(), Format::Png);
        let error = of("a.jpg").unwrap_err().to_string();
        assert!(error.contains("a.jpg") && error.contains(".svg"), "{error}");
    }

    #[test]
    fn powers_of_ten_are_written_out() {
        let labels: Vec<_> = (-2..=3).map(label).collect();
        assert_eq!(labels, ["0.01", "0.1", "1", "10", "100", "1000"]);
    }
}
