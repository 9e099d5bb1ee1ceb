//! Draws the ratios as an SVG bar chart: time as a multiple of native's, on a scale of
//! doublings, so that twice as slow and twice as fast are equally long.

use std::fmt::Write;

use super::report::Report;

const LEFT: f64 = 130.0;
const PLOT: f64 = 560.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 70.0;
const GROUP: f64 = 34.0;
const BAR: f64 = 13.0;
const VMTRANS: &str = "#2166ac";
const QEMU: &str = "#b0b7bd";

/// Name, vmtrans to native, QEMU to native.
type Group<'a> = (&'a str, f64, f64);

/// The whole picture.
pub fn draw(report: &Report) -> String {
    let mut groups: Vec<Group> = report
        .programs
        .iter()
        .map(|program| {
            let times = &program.times;
            (
                program.name.as_str(),
                times.vmtrans_to_native(),
                times.qemu_to_native(),
            )
        })
        .collect();
    if let Some(means) = &report.means {
        groups.push((
            "geometric mean",
            means.vmtrans_to_native,
            means.qemu_to_native,
        ));
    }
    let scale = Scale::over(&groups);
    let mut svg = String::new();
    let mut lines = vec![head(groups.len(), &report.conditions())];
    lines.extend(grid(&scale, groups.len()));
    for (index, group) in (0u32..).zip(&groups) {
        lines.extend(bars(&scale, TOP + f64::from(index) * GROUP, group));
    }
    lines.push("</svg>".to_owned());
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "{line}");
    }
    svg
}

/// From a ratio to a place, in doublings.
struct Scale {
    lowest: i32,
    highest: i32,
}

impl Scale {
    /// Wide enough for all ratios, and always from half to twice.
    fn over(groups: &[Group]) -> Scale {
        let ratios = groups
            .iter()
            .flat_map(|(_, vmtrans, qemu)| [*vmtrans, *qemu]);
        let (mut low, mut high) = (-1.0f64, 1.0f64);
        for ratio in ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0) {
            low = low.min(ratio.log2());
            high = high.max(ratio.log2());
        }
        let whole = |value: f64| {
            (-40..40)
                .find(|step| f64::from(*step) >= value)
                .unwrap_or(40)
        };
        Scale {
            lowest: -whole(-low),
            highest: whole(high),
        }
    }

    fn x(&self, ratio: f64) -> f64 {
        let width = f64::from(self.highest - self.lowest);
        LEFT + (ratio.log2() - f64::from(self.lowest)) / width * PLOT
    }
}

fn height(groups: usize) -> f64 {
    let groups = u32::try_from(groups).unwrap_or(u32::MAX);
    TOP + f64::from(groups) * GROUP + 30.0
}

fn head(groups: usize, conditions: &str) -> String {
    let (width, height) = (LEFT + PLOT + RIGHT, height(groups));
    let conditions = escape(conditions);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">Time as a multiple of native</text>\n\
         <text x=\"{LEFT}\" y=\"37\" fill=\"#555\" font-size=\"11\">{conditions}</text>\n\
         <rect x=\"{LEFT}\" y=\"45\" width=\"12\" height=\"12\" fill=\"{VMTRANS}\"/>\n\
         <text x=\"{}\" y=\"55\">vmtrans</text>\n\
         <rect x=\"{}\" y=\"45\" width=\"12\" height=\"12\" fill=\"{QEMU}\"/>\n\
         <text x=\"{}\" y=\"55\">QEMU user mode</text>",
        LEFT + 17.0,
        LEFT + 90.0,
        LEFT + 107.0,
    )
}

fn grid(scale: &Scale, groups: usize) -> Vec<String> {
    let bottom = height(groups) - 25.0;
    let line = |step: i32| {
        let ratio = 2f64.powi(step);
        let x = scale.x(ratio);
        let colour = if step == 0 { "#000" } else { "#ddd" };
        format!(
            "<line x1=\"{x:.1}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\n\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{ratio}</text>",
            TOP - 5.0,
            bottom + 15.0,
        )
    };
    (scale.lowest..=scale.highest).map(line).collect()
}

fn bars(scale: &Scale, top: f64, (name, vmtrans, qemu): &Group) -> Vec<String> {
    let bar = |ratio: f64, y: f64, colour: &str| {
        let (one, end) = (scale.x(1.0), scale.x(ratio));
        let (x, width) = (one.min(end), (end - one).abs().max(1.0));
        let (label, anchor) = if end < one {
            (end - 4.0, "end")
        } else {
            (end + 4.0, "start")
        };
        format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" \
             fill=\"{colour}\"/>\n\
             <text x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"10\">\
             {ratio:.2}</text>",
            y + BAR - 3.0,
        )
    };
    vec![
        format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            top + BAR + 4.0,
            escape(name)
        ),
        bar(*vmtrans, top, VMTRANS),
        bar(*qemu, top + BAR + 1.0, QEMU),
    ]
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_two_bars_and_the_scale_holds_them() {
        let svg = draw(&super::super::report::tests::sample());
        assert_eq!(
            svg.matches(VMTRANS).count(),
            4,
            "a legend, two programs, the mean"
        );
        assert!(
            svg.contains(">geometric mean</text>") && svg.contains(">8</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn the_scale_is_in_doublings() {
        let scale = Scale::over(&[("a", 0.9, 7.0)]);
        assert_eq!((scale.lowest, scale.highest), (-1, 3));
        assert!((scale.x(8.0) - (LEFT + PLOT)).abs() < 1e-9);
        assert!((scale.x(1.0) - (LEFT + PLOT / 4.0)).abs() < 1e-9);
    }
}
