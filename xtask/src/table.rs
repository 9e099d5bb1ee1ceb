//! A plain table: the first column to the left, the others to the right.

use std::fmt;

/// Rows of text, the first of them the head.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these names of columns.
    pub fn new(head: &[&str]) -> Table {
        Table {
            rows: vec![head.iter().map(|name| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let width = *width;
                line += &match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("  {cell:>width$}"),
                };
            }
            writeln!(formatter, "{}", line.trim_end())?;
            if index == 0 {
                let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
                writeln!(formatter, "{}", "-".repeat(total))?;
            }
        }
        Ok(())
    }
}

/// Seconds, with as many digits as mean something.
pub fn seconds(value: f64) -> String {
    if value < 0.1 {
        format!("{:.2} ms", value * 1e3)
    } else {
        format!("{value:.3} s")
    }
}

/// A ratio.
pub fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["name", "time"]);
        table.row(vec!["a".to_owned(), seconds(0.0123)]);
        table.row(vec!["longer".to_owned(), seconds(1.5)]);
        let expected = "name        time\n\
                        ----------------\n\
                        a       12.30 ms\n\
                        longer   1.500 s\n";
        assert_eq!(table.to_string(), expected);
    }
}
