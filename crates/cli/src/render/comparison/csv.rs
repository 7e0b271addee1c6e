//! For other tools: one line for each cell and metric.

use super::Page;
use crate::render::csv::line;

impl Page<'_> {
    pub(super) fn csv(&self) -> String {
        let t = self.table;
        let factors = t.factors.iter().map(ToString::to_string);
        let rest = [
            "metric",
            "n",
            "missing",
            "mean",
            "std",
            "median",
            "min",
            "max",
            "difference",
            "low",
            "high",
            "pairs",
            "paired",
            "notes",
        ];
        let mut out = line(factors.chain(rest.map(str::to_owned)));
        let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        for cell in &t.cells {
            let notes: Vec<String> = cell.notes.iter().map(ToString::to_string).collect();
            for (column, m) in t.columns.iter().zip(&cell.measured) {
                let (s, d) = (m.sample, m.difference);
                let interval = d.and_then(|d| d.interval);
                let mut fields: Vec<String> = cell
                    .levels
                    .iter()
                    .map(|l| l.param().map(|p| p.to_string()).unwrap_or_default())
                    .collect();
                fields.extend([
                    column.to_string(),
                    m.values.len().to_string(),
                    m.missing.to_string(),
                ]);
                fields.extend(
                    [
                        s.map(|s| s.mean),
                        s.and_then(|s| s.std),
                        s.map(|s| s.median),
                        s.map(|s| s.min),
                        s.map(|s| s.max),
                        d.map(|d| d.value),
                        interval.map(|i| i.low),
                        interval.map(|i| i.high),
                    ]
                    .map(number),
                );
                fields.push(d.map(|d| d.pairs.to_string()).unwrap_or_default());
                fields.push(d.map(|d| d.paired.to_string()).unwrap_or_default());
                fields.push(notes.join("; "));
                out += &line(fields);
            }
        }
        out
    }
}
