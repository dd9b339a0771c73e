//! Numbers over time in one line.

/// From the lowest to the highest, an eighth of a line each.
const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One sign for each number, the newest last, as many as fit: the highest fills its line, nothing stands on the ground.
/// `None`: nobody knows of that moment.
pub(super) fn spark(numbers: &[Option<u64>], width: usize) -> String {
    let shown = numbers.get(numbers.len().saturating_sub(width)..).unwrap_or_default();
    let greatest = shown.iter().flatten().max().copied().unwrap_or(0);
    let sign = |number: &Option<u64>| match number {
        None => " ",
        Some(number) => {
            let level = (number * 7).checked_div(greatest).unwrap_or(0);
            usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).copied().unwrap_or_default()
        }
    };
    shown.iter().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_fills_its_line_and_what_is_not_known_is_left_out() {
        let numbers = [Some(0), Some(7), None, Some(14)];
        assert_eq!(spark(&numbers, 9), "▁▄ █");
        assert_eq!(spark(&numbers, 2), " █");
        assert_eq!(spark(&[Some(0), Some(0)], 9), "▁▁");
        assert_eq!(spark(&[], 9), "");
    }
}
