//! Groups of equal things among things of equal hash.

/// Calls `each` with every class of `group` under `same`, an equivalence; order inside a class is kept.
pub(super) fn classes<T: Copy>(
    group: &[T],
    same: impl Fn(T, T) -> bool,
    mut each: impl FnMut(&[T]),
) {
    let Some(&first) = group.first() else { return };
    if group.iter().all(|&other| same(first, other)) {
        return each(group); // All but always.
    }
    let mut rest = group.to_vec();
    while let Some(&first) = rest.first() {
        let (class, other): (Vec<T>, Vec<T>) = rest.iter().partition(|&&other| same(first, other));
        each(&class);
        rest = other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_that_only_share_a_hash_are_told_apart() {
        let mut found = Vec::new();
        classes(&[1, 11, 2, 21, 12], |a, b| a % 10 == b % 10, |class| found.push(class.to_vec()));
        assert_eq!(found, [vec![1, 11, 21], vec![2, 12]]);
        classes::<i32>(&[], |_, _| true, |_| panic!("there is no class"));
    }
}
